import { describe, expect, it } from "vitest";
import { plainText } from "./plain-text.ts";

describe("plainText", () => {
  it.each([
    ["colours", "\u001b[31mred\u001b[0m", "red"],
    ["a cursor that moves up", "ok\u001b[2A\u001b[Kapproved", "okapproved"],
    ["a window title", "\u001b]0;pwned\u0007text", "text"],
    ["a hyperlink", "\u001b]8;;http://x\u001b\\here\u001b]8;;\u001b\\", "here"],
    ["C1 controls", "\u009b31mred\u0085", "red"],
    ["a reversed name", "evil\u202etxt.exe", "eviltxt.exe"],
    ["isolates", "\u2066a\u2069", "a"],
    ["zero width", "a\u200bb\u200dc\ufeff", "abc"],
    ["tag characters", "a\u{e0041}b", "ab"],
    ["line breaks", "one\r\ntwo\u2028three\tfour", "one two three four"],
    ["a lone surrogate", "a\ud800b", "ab"],
    ["NUL and backspace", "a\0b\bc", "abc"],
    ["an unfinished escape", "a\u001b[", "a"],
  ])("removes %s", (_what, text, expected) => {
    expect(plainText(text)).toBe(expected);
  });

  it("keeps what people write", () => {
    expect(plainText("Zoë: größer als 5 €, 日本語 👍")).toBe("Zoë: größer als 5 €, 日本語 👍");
  });

  it("cuts between characters and says how long it was", () => {
    expect(plainText("👍".repeat(5), 3)).toBe("👍👍👍… (5 characters)");
    expect(plainText("👍👍👍", 3)).toBe("👍👍👍");
  });
});
