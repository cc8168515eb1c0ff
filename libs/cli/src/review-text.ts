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
  type RenderLimits,
} from "@countersign/review-view";
import { accountsText } from "./accounts-text.ts";

/** A terminal scrolls: all that was said has room. */
const LIMITS: RenderLimits = { ...USUAL_LIMITS, comments: { most: 100, characters: 4096 } };

/** A review as a reviewer must see it before voting. `command` is how this program is called. */
export function reviewText(reply: GetReviewResponse, { columns, command }: { readonly columns: number; readonly command: string }): string {
  if (reply.action === undefined) return "nothing to review";
  const card = reviewCard(renderReview(toReviewSource(reply.action), sha256Hex, LIMITS), { paint: plain, columns, command });
  if (reply.eligible) return `${card}${howToEdit(reply.action, command)}`;
  const unknown = visible(accountsText(reply.unknownCausers)).text;
  const why =
    unknown === "" ? "" : `\nNobody can approve it, though it can be rejected: your directory does not know ${unknown}, who caused it`;
  return `${card}\nYou may not decide this: ${visible(reply.ineligibleReason).text}${why}`;
}

/** What policy lets a reviewer change, as the policy says it. */
function howToEdit({ id, verdict }: Action, command: string): string {
  const editable = verdict?.terms?.editable ?? "";
  return editable === ""
    ? ""
    : `\nYou may change ${visible(editable).text}: ${command} edit ${visible(id).text} --param NAME=VALUE --reason "..."`;
}
