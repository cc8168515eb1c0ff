import { describe, expect, it } from "vitest";
import { Durability } from "@countersign/proto/v1/durability_pb";
import {
  collectMember,
  parseAccount,
  parseCount,
  parseDurability,
  parseMoment,
  parseObject,
  parsePastMoment,
  parseResource,
  parseWait,
} from "./parse.ts";

describe("command line values", () => {
  it("splits a resource at the first colon", () => {
    expect(parseResource("database:crm:eu")).toEqual({ type: "database", id: "crm:eu" });
    expect(() => parseResource("crm")).toThrow("type:id");
    expect(() => parseResource("database:")).toThrow("type:id");
  });

  it("takes a time with its offset, or a duration from now", () => {
    expect(parseMoment("2026-11-30T18:00:00+01:00")).toEqual(new Date("2026-11-30T17:00:00Z"));
    const before = Date.now();
    const given = parseMoment("5d").getTime() - 5 * 86_400_000;
    expect(given).toBeGreaterThanOrEqual(before);
    expect(given).toBeLessThanOrEqual(Date.now());
    for (const text of ["tomorrow", "2026-11-30", "2026-11-30T18:00:00", "2026-13-30T18:00:00Z", "5", "-5d"])
      expect(() => parseMoment(text)).toThrow("must be a time with its zone such as 2026-11-30T18:00:00Z, or so long from now");
  });

  it("takes a duration back from now where a moment that is over is named", () => {
    expect(parsePastMoment("2026-01-31 12:30:05.250Z")).toEqual(new Date("2026-01-31T12:30:05.250Z"));
    for (const [text, ago] of [
      ["5d", 5 * 86_400_000],
      ["12h", 12 * 3_600_000],
      ["30m", 30 * 60_000],
    ] as const) {
      const before = Date.now();
      const then = parsePastMoment(text).getTime() + ago;
      expect(then).toBeGreaterThanOrEqual(before);
      expect(then).toBeLessThanOrEqual(Date.now());
    }
    for (const text of ["yesterday", "2026-11-30", "2026-11-30T18:00:00", "5", "-5d", "5d ago", "2w", "5M"])
      expect(() => parsePastMoment(text)).toThrow("or so long ago in days, hours or minutes: 5d, 12h or 30m");
  });

  it("takes an account as whoami shows it", () => {
    expect(parseAccount("slack:T024BE7LD/U024BE7LH")).toEqual({ channel: "slack", workspace: "T024BE7LD", id: "U024BE7LH" });
    for (const text of ["slack", "slack:U1", "T1/U1", "slack:T1/"]) expect(() => parseAccount(text)).toThrow("CHANNEL:WORKSPACE/USER");
  });

  it("takes JSON values as JSON and the rest as text", () => {
    const members = ["limit=10", 'columns=["id","region"]', "table=customers", "note=a=b"].reduce(
      (all, text) => collectMember(text, all),
      {},
    );
    expect(members).toEqual({ limit: 10, columns: ["id", "region"], table: "customers", note: "a=b" });
    expect(() => collectMember("limit", {})).toThrow("name=value");
  });

  it.each([
    ["a number that becomes another one", "account=9007199254740993", 'as a text ("9007199254740993"): as a number it is 9007199254740992'],
    ["a long number", 'to=[{"account":12345678901234567890}]', "as a number it is 12345678901234567000"],
    ["more digits than there are", "rate=0.1000000000000000055511151231257827", "as a number it is 0.1"],
    ["a number that is too large", "limit=1e400", "as a number it is Infinity"],
    ["a number that is too small", "limit=1e-400", "as a number it is 0"],
    ["a member twice", 'where={"a":{"table":"customers","\\u0074able":"logs"}}', "a.table is named twice: name it once"],
    ["a prototype twice", 'where={"__proto__":1,"__proto__":2}', "twice"],
  ])("P1: refuses JSON that another program reads differently than reviewers are shown it: %s", (_what, text, problem) => {
    expect(() => collectMember(text, {})).toThrow(problem);
    expect(() => parseObject(`{"x":${text.slice(text.indexOf("=") + 1)}}`)).toThrow(problem);
  });

  it("takes every number that stays what it is, and colons in texts", () => {
    const json = String.raw`{"n":[0,-0,1.0,-1.50,0.1,1e3,1E+21,100,9007199254740992,1.7976931348623157e308,5e-324],"a:b":"\\:\"x\":1"}`;
    expect(parseObject(json)).toEqual(JSON.parse(json));
    expect(collectMember("account=0123", {})).toEqual({ account: "0123" });
  });

  it("wants an object where one is due", () => {
    expect(parseObject('{"a":1}')).toEqual({ a: 1 });
    expect(() => parseObject("[1]")).toThrow("JSON object");
  });

  it("knows how firm a record can be", () => {
    expect(["recorded", "sealed", "witnessed"].map(parseDurability)).toEqual([
      Durability.RECORDED,
      Durability.SEALED,
      Durability.WITNESSED,
    ]);
    for (const text of ["", "SEALED", "unspecified", "constructor", "__proto__"])
      expect(() => parseDurability(text)).toThrow("must be one of");
  });

  it("reads durations and counts, and nothing that looks like one", () => {
    expect(parseWait("5m")).toBe(300_000);
    expect(() => parseWait("5")).toThrow("duration");
    expect(() => parseWait("6m")).toThrow("at most 5m");
    expect(parseCount("12")).toBe(12n);
    expect(() => parseCount("-1")).toThrow("whole number");
  });
});
