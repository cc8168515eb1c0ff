import { describe, expect, it } from "vitest";
import { ann, approveBy, approved, inReview, later, redeemed, rejectBy, T0 } from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";

describe("P5: evolve", () => {
  it("accepts every past, whatever its order", () => {
    const all = [
      ...redeemed,
      ...inReview(),
      { type: "StageOpened", at: T0, stage: 9, deadline: T0, nextAt: T0 },
      { type: "ActionExpired", at: T0 },
    ] as const;
    for (const first of all) {
      for (const second of all) expect(stateAfter([first, second, first])).toMatchObject({ version: 3, updatedAt: first.at });
    }
  });

  it("gives the same state for the same past", () => {
    const history = given(...inReview())
      .when(approveBy(ann))
      .events();
    expect(JSON.stringify(stateAfter(history))).toBe(JSON.stringify(stateAfter(structuredClone(history))));
  });

  it("does not move an action that has ended", () => {
    const ended = stateAfter(
      given(...inReview())
        .when(rejectBy(ann))
        .events(),
    );
    const after = stateAfter([
      ...given(...inReview())
        .when(rejectBy(ann))
        .events(),
      ...approved(later),
      ...redeemed.slice(-1),
    ]);
    expect(ended.status).toBe("REJECTED");
    expect({ ...after, version: 0, updatedAt: 0 }).toEqual({ ...ended, version: 0, updatedAt: 0 });
  });
});
