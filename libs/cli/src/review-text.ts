import type { GetReviewResponse } from "@countersign/proto/v1/review_service_pb";
import { renderReview, reviewCard, plain, sha256Hex, toReviewSource } from "@countersign/review-view";

/** A review as a reviewer must see it before voting. */
export function reviewText(reply: GetReviewResponse, columns: number): string {
  if (reply.action === undefined) return "nothing to review";
  const card = reviewCard(renderReview(toReviewSource(reply.action), sha256Hex), { paint: plain, columns });
  return reply.eligible ? card : `${card}\nYou may not decide this: ${reply.ineligibleReason}`;
}
