import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ann, exporter, hex, HOUR, inReview, redeemed, ref, requested, standing, T0 } from "../testing/fixtures.ts";
import type { ActionEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import { initialState, isTerminal, type ActionState } from "./state.ts";

describe("P5: evolve never throws", () => {
  it("whatever the order of events", () => {
    const facts: readonly ActionEvent[] = [
      ...redeemed,
      ...inReview(),
      requested,
      { type: "StageOpened", at: T0, stage: 5, deadline: T0, nextAt: T0 },
      { type: "ReviewerReminded", at: T0, stage: 5, number: 1, nextAt: T0, claimedBy: undefined },
      { type: "ReviewEscalated", at: T0, stage: 5, deadline: T0, nextAt: T0 },
      { type: "ReviewHeld", at: T0, stage: 0 },
      { type: "ReviewJoined", at: T0, number: 2, digest: hex(1), input: hex(2) },
      {
        type: "VoteCast",
        at: T0,
        reviewer: ann,
        standing: standing(ann),
        decision: "approve",
        digest: hex(1),
        shownDigest: hex(1),
        stage: 7,
        reason: undefined,
        keyId: "",
        signature: "",
        haste: undefined,
      },
      { type: "VoteLapsed", at: T0, reviewer: ref("nobody"), digest: hex(1), cause: "edited" },
      {
        type: "ActionEdited",
        at: T0,
        editor: ann,
        standing: standing(ann),
        previousDigest: hex(1),
        input: hex(2),
        reason: undefined,
        deadline: T0 + HOUR,
      },
      { type: "EditAccepted", at: T0, digest: hex(1) },
      { type: "CommentAdded", at: T0, number: 7, kind: "answer", author: exporter, standing: undefined, text: hex(3), question: 9 },
      { type: "ReviewClaimed", at: T0, reviewer: ann, standing: standing(ann), expiresAt: T0 + HOUR },
      { type: "ClaimReleased", at: T0, reviewer: ref("nobody") },
      { type: "ActionRejected", at: T0, digest: hex(1) },
      { type: "ActionExpired", at: T0 },
      { type: "ActionCancelled", at: T0, reason: undefined },
      { type: "GrantExpired", at: T0, grantId: "g" },
      { type: "GrantRevoked", at: T0, grantId: "g", reason: undefined },
      { type: "ExecutionReported", at: T0, outcome: "failed", outputDigest: "", message: undefined },
      { type: "ExecutionUnreported", at: T0 },
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...facts), { maxLength: 30 }), (history) => {
        let state: ActionState = initialState;
        for (const event of history) {
          const next = evolve(state, event);
          if (isTerminal(state)) expect(next.status).toBe(state.status);
          state = next;
        }
        expect(state.version).toBe(history.length);
      }),
    );
  });
});
