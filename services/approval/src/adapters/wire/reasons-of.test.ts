import { describe, expect, it } from "vitest";
import type { ActionEvent } from "../../domain/events.ts";
import { ann, approveBy, bob, cast, editBy, editedBy, HOUR, inReview, requested, T0, twoOnCall } from "../../testing/fixtures.ts";
import { given, stateAfter } from "../../testing/given.ts";
import { reasonsOf } from "./reasons-of.ts";

const asked = inReview(twoOnCall);
const edit = editBy(bob, twoOnCall);

describe("what an action waited for that expired", () => {
  it.each<[string, readonly ActionEvent[]]>([
    ["there was no verdict in time", [requested]],
    ["2 of oncall had to approve, and nobody did in time", asked],
    ["2 of oncall had to approve, and only 1 did in time", [...asked, cast(approveBy(ann))]],
    [
      "its requester did not accept the edited form in time",
      given(...asked)
        .when(edit)
        .events(),
    ],
    ["2 of oncall had to approve, and nobody did in time", editedBy([...asked, cast(approveBy(ann))], edit)],
  ])("%s", (reason, history) => {
    const state = stateAfter([...history, { type: "ActionExpired", at: T0 + HOUR }]);
    if (state.status !== "EXPIRED") throw new Error(state.status);
    expect(reasonsOf(state, new Map())).toEqual([reason]);
  });
});
