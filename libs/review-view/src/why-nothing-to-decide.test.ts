import { expect, it } from "vitest";
import { whyNothingToDecide } from "./why-nothing-to-decide.ts";

it("says of what policy alone allowed that its requester takes it back, and of no reviewer", () => {
  const view = { status: "approved", afterReviewOpen: false, decide: undefined, actionId: "a1" } as const;
  const alone = "Policy allowed it without a review. It may run once; until it does, only its requester can take it back.";
  expect(whyNothingToDecide({ ...view, reviewed: false })).toBe(alone);
  expect(whyNothingToDecide({ ...view, reviewed: false }, { mayReject: false })).toBe(alone);
  expect(whyNothingToDecide({ ...view, reviewed: true }, { mayReject: false })).toBe(
    "It may run once. Until it does, a reviewer of the last stage can take that back.",
  );
});
