import { describe, expect, it } from "vitest";
import { collectMember, parseCount, parseObject, parseResource, parseWait } from "./parse.ts";

describe("command line values", () => {
  it("splits a resource at the first colon", () => {
    expect(parseResource("database:crm:eu")).toEqual({ type: "database", id: "crm:eu" });
    expect(() => parseResource("crm")).toThrow("type:id");
    expect(() => parseResource("database:")).toThrow("type:id");
  });

  it("takes JSON values as JSON and the rest as text", () => {
    const members = ["limit=10", 'columns=["id","region"]', "table=customers", "note=a=b"].reduce(
      (all, text) => collectMember(text, all),
      {},
    );
    expect(members).toEqual({ limit: 10, columns: ["id", "region"], table: "customers", note: "a=b" });
    expect(() => collectMember("limit", {})).toThrow("name=value");
  });

  it("wants an object where one is due", () => {
    expect(parseObject('{"a":1}')).toEqual({ a: 1 });
    expect(() => parseObject("[1]")).toThrow("JSON object");
  });

  it("reads durations and counts, and nothing that looks like one", () => {
    expect(parseWait("5m")).toBe(300_000);
    expect(() => parseWait("5")).toThrow("duration");
    expect(() => parseWait("6m")).toThrow("at most 5m");
    expect(parseCount("12")).toBe(12n);
    expect(() => parseCount("-1")).toThrow("whole number");
  });
});
