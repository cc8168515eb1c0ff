import { describe, expect, it } from "vitest";
import { isReviewed } from "./fill-ledger.ts";

describe("a mix of actions", () => {
  it.each([8, 20, 100])("has one vote in %i events", (votes) => {
    const lives = Array.from({ length: 10_000 }, (_, number) => isReviewed(number, votes));
    const reviewed = lives.filter(Boolean).length;
    const events = 8 * reviewed + 6 * (lives.length - reviewed);
    expect(events / reviewed).toBeCloseTo(votes, 0);
  });

  it("has none with 0", () => {
    expect(isReviewed(0, 0) || isReviewed(1000, 0)).toBe(false);
  });
});
