import type { Expired, RecordedAction } from "../../domain/state.ts";
import { countingVotes } from "../../domain/votes.ts";
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
    case "EXPIRED":
      return [whyExpired(state)];
    default:
      return [];
  }
}

/** What it waited for in vain. */
function whyExpired({ last, review, ruling }: Expired): string {
  if (last === "EDITED") return "its requester did not accept the edited form in time";
  if (review === undefined || ruling === undefined) return "there was no verdict in time";
  const stage = review.stages[review.openStage];
  const approvals = countingVotes({ review, ruling }).filter((vote) => vote.stage === review.openStage).length;
  return `${stage?.quorumText ?? ""} had to approve, and ${approvals === 0 ? "nobody did" : `only ${approvals} did`} in time`;
}
