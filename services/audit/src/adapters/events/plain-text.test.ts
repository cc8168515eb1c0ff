import { visible } from "@countersign/review-view";
import { describe, expect, it } from "vitest";
import { plainText } from "./plain-text.ts";

describe("plainText", () => {
  it.each(["\u001b[31mred\u001b[0m", "evil\u202etxt.exe", "a\u200bb", "one\r\ntwo\u2028three", "a\ud800b", "a\0b\bc"])(
    "shows %j as reviews show it, and hides nothing",
    (text) => {
      expect(plainText(text)).toBe(visible(text).text);
      expect(plainText(text)).toMatch(/^[ -~]+$/);
      expect(plainText(text)).toContain("\\");
    },
  );

  it("keeps what people write", () => {
    expect(plainText("Zoë: größer als 5 €, 日本語 👍")).toBe("Zoë: größer als 5 €, 日本語 👍");
  });

  it("cuts between characters, never in an escape, and says how long it was", () => {
    expect(plainText("👍".repeat(5), 3)).toBe("👍👍👍… (5 characters)");
    expect(plainText("👍👍👍", 3)).toBe("👍👍👍");
    expect(plainText("ab\u202ecd", 3)).toBe("ab\\u{202e}… (5 characters)");
  });
});
