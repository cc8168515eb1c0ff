import { describe, expect, it } from "vitest";
import { wrap } from "./wrap.ts";

describe("wrap", () => {
  it("leaves alone what fits", () => {
    expect(wrap("a short line", 12)).toEqual(["a short line"]);
  });

  it("breaks at spaces and indents what goes on", () => {
    expect(wrap(" 1  one two three four", 12, "    ")).toEqual([" 1  one two", "    three", "    four"]);
  });

  it("does not break a word, however long", () => {
    expect(wrap("x aaaaaaaaaaaaaaaa b", 8)).toEqual(["x", "aaaaaaaaaaaaaaaa", "b"]);
  });
});
