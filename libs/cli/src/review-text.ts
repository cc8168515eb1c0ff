import type { Action } from "@countersign/proto/v1/action_pb";
import type { GetReviewResponse } from "@countersign/proto/v1/review_service_pb";
import {
  plain,
  renderReview,
  reviewCard,
  sha256Hex,
  toReviewSource,
  USUAL_LIMITS,
  visible,
  whyNothingToDecide,
  whyRefused,
  type RenderLimits,
} from "@countersign/review-view";
import { accountsText } from "./accounts-text.ts";

/** A terminal scrolls: all that was said has room. */
const LIMITS: RenderLimits = { ...USUAL_LIMITS, comments: { most: 100, characters: 4096 } };

/** A review as a reviewer must see it before voting, and what it may do. `command` is how this program is called. */
export function reviewText(reply: GetReviewResponse, { columns, command }: { readonly columns: number; readonly command: string }): string {
  if (reply.action === undefined) return "nothing to review";
  const view = renderReview(toReviewSource(reply.action), sha256Hex, LIMITS);
  // The log says so later: the timer that records it may be late, the deadline is not.
  const over = view.decide !== undefined && reply.ineligibleReason === "NOT_IN_REVIEW";
  const may = { approve: reply.eligible, reject: reply.mayReject };
  const card = reviewCard(over ? { ...view, decide: undefined } : view, { paint: plain, columns, command, may });
  const next = over
    ? "The time to decide is over: nobody can decide it any more."
    : whyNothingToDecide(view, { command, mayReject: reply.mayReject });
  return `${card}${next === undefined ? mayText(reply, reply.action, command) : `\n${next}`}`;
}

function mayText(reply: GetReviewResponse, action: Action, command: string): string {
  const edits = reply.mayEdit ? howToEdit(action, command) : "";
  if (reply.eligible) return edits;
  const { ineligibleReason, mayReject, unknownCausers } = reply;
  const why = visible([whyRefused(ineligibleReason, mayReject), accountsText(unknownCausers)].filter(Boolean).join(": ")).text;
  return `\n${mayReject ? `You may not approve this: ${why}. You may reject it.` : `You may not decide this: ${why}.`}${edits}`;
}

/** What policy lets a reviewer change, as the policy says it. */
function howToEdit({ id, verdict }: Action, command: string): string {
  const editable = verdict?.terms?.editable ?? "";
  return editable === ""
    ? ""
    : `\nYou may change ${visible(editable).text}: ${command} edit ${visible(id).text} --param NAME=VALUE --reason "..."`;
}
