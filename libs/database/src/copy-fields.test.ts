import { describe, expect, it } from "vitest";
import { CopyFields, CopyFormatError } from "./copy-fields.ts";

const header = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const field = (text: string | null): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(text === null ? -1 : Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text ?? "")]);
};
const row = (...texts: readonly (string | null)[]): Buffer => Buffer.concat([Buffer.from([0, texts.length]), ...texts.map(field)]);
const trailer = Buffer.from([0xff, 0xff]);
const copy = Buffer.concat([header, row("one", null), row("", "two"), trailer]);

describe("CopyFields", () => {
  it.each([1, 2, 3, 7, 19, 1000])("reads rows from chunks of %i bytes", (size) => {
    const fields = new CopyFields();
    const rows = [];
    for (let at = 0; at < copy.length; at += size) rows.push(...fields.take(copy.subarray(at, at + size)));
    fields.end();
    expect(rows.map((each) => each.map((value) => value?.toString() ?? null))).toEqual([
      ["one", null],
      ["", "two"],
    ]);
  });

  it("P7: refuses what is no copy, or one that was cut off", () => {
    expect(() => new CopyFields().take(Buffer.from("x".repeat(40)))).toThrow(CopyFormatError);
    const fields = new CopyFields();
    fields.take(copy.subarray(0, -2));
    expect(() => fields.end()).toThrow(CopyFormatError);
  });
});
