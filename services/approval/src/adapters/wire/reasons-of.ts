import type { RecordedAction } from "../../domain/state.ts";
import type { Hex } from "../../domain/values.ts";
import { textOf } from "../../usecases/content.ts";
import type { Contents } from "../../usecases/ports.ts";

/** Why the answer is no, as the action and its state tell it; what is erased is left out. */
export function reasonsOf(state: RecordedAction, contents: Contents): readonly string[] {
  const said = (reasons: readonly (Hex | undefined)[]) => reasons.map((reason) => textOf(contents, reason)).filter((text) => text !== "");
  switch (state.status) {
    case "DENIED":
      return state.ruling.verdict.reasons;
    case "REJECTED":
      return said(state.review.votes.filter(({ decision, lapsed }) => decision === "reject" && !lapsed).map(({ reason }) => reason));
    case "CANCELLED":
    case "REVOKED":
      return said([state.reason]);
    default:
      return [];
  }
}
