import { describe, expect, it } from "vitest";
import type { PatchOperation } from "../../usecases/ports.ts";
import { editing } from "./editing.ts";

const operation = (
  op: string,
  path: string,
  more: { readonly from?: string; readonly value?: PatchOperation["value"] },
): PatchOperation => ({
  op,
  path,
  from: more.from ?? "",
  value: more.value,
});

it("P1: a member becomes only what its schema says, and others stay", () => {
  const editable = JSON.stringify({ rows: { maximum: 1000 } });
  expect(editing.forbidden(editable, { rows: 10, table: "t" }, { rows: 1000, table: "t" })).toEqual([]);
  expect(editing.forbidden(editable, { rows: 10, table: "t" }, { rows: 5000, table: "u" })).toEqual(["rows", "table"]);
  expect(editing.forbidden("", { rows: 10 }, { rows: 9 })).toEqual(["rows"]);
});

describe("patches of a reviewer", () => {
  it("change what they name", () => {
    const patch = [operation("replace", "/rows", { value: 5 }), operation("copy", "/copy", { from: "/rows" })];
    expect(editing.patched({ rows: 10 }, patch)).toEqual({ rows: 5, copy: 5 });
  });

  it("that are no patches change nothing", () => {
    const bad = [
      operation("add", "rows", { value: 1 }),
      operation("copy", "/b", { from: "rows" }),
      operation("swap", "/rows", { value: 1 }),
    ];
    for (const one of bad) expect(editing.patched({ rows: 1 }, [one])).toBeUndefined();
  });

  it("P7: that lead through a number or a text change nothing", () => {
    for (const op of ["add", "replace", "test", "remove", "copy", "move"])
      for (const path of ["/rows/x", "/rows/", "/name/0", "/name/length"])
        expect(
          editing.patched({ rows: 1, name: "x" }, [operation(op, path, { from: "/rows", value: 2 })]),
          `${op} ${path}`,
        ).toBeUndefined();
  });

  it("P7: copies that double what is there end before they fill the memory", () => {
    const copies = Array.from({ length: 100 }, (_, index) => operation("copy", `/a/${index}`, { from: "/a" }));
    expect(editing.patched({ a: { x: 1 } }, copies)).toBeUndefined();
  });

  it("P7: change no array but by its items", () => {
    expect(editing.patched({ a: [1] }, [operation("replace", "/a/0", { value: 2 })])).toEqual({ a: [2] });
    for (const member of ["length", "x", "-1"])
      expect(editing.patched({ a: [1] }, [operation("replace", `/a/${member}`, { value: 4_294_967_295 })])).toBeUndefined();
    expect(editing.patched({ length: 1 }, [operation("replace", "/length", { value: 2 })])).toEqual({ length: 2 });
  });

  it("P7: give no properties that are larger or deeper than a request's may be", () => {
    const half = "x".repeat(70_000);
    expect(editing.patched({}, [operation("add", "/one", { value: half })])).toEqual({ one: half });
    expect(editing.patched({ one: half }, [operation("copy", "/two", { from: "/one" })])).toBeUndefined();
    const deeper = Array.from({ length: 32 }, (_, index) => operation("add", "/a".repeat(index + 1), { value: {} }));
    expect(editing.patched({}, deeper.slice(0, 31))).toBeDefined();
    expect(editing.patched({}, deeper)).toBeUndefined();
  });
});
