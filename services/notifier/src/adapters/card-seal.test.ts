import { describe, expect, it } from "vitest";
import { cardSeal } from "./card-seal.ts";

const card = {
  channel: "c".repeat(64),
  tenant: "t".repeat(63),
  actionId: "0198c5f0-0000-7000-8000-000000000001",
  digest: "ab".repeat(32),
  version: 3,
  shownDigest: "cd".repeat(32),
};

describe("card seal", () => {
  const seal = cardSeal("secret");

  it("gives back what it sealed, within what a button of Slack takes", () => {
    const sealed = seal.seal(card);
    expect(seal.open(sealed)).toEqual(card);
    expect(sealed.length).toBeLessThan(700);
  });

  it("P1: opens nothing that was changed, made by another app, or is no card", () => {
    const sealed = seal.seal(card);
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = sealed.slice(0, index) + (sealed[index] === "A" ? "B" : "A") + sealed.slice(index + 1);
      // The last character of base64url may carry bits that nobody reads.
      const same = Buffer.from(changed.split(".")[1] ?? "", "base64url").equals(Buffer.from(sealed.split(".")[1] ?? "", "base64url"));
      expect(seal.open(changed) === undefined || (same && index === sealed.length - 1)).toBe(true);
    }
    expect(cardSeal("other").open(sealed)).toBeUndefined();
    for (const text of ["", ".", "a.b", `${sealed}.x`, undefined, 3, {}, "x".repeat(3000)]) expect(seal.open(text)).toBeUndefined();
  });
});
