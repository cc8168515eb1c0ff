import type { Fields } from "@countersign/events";
import { AfterReviewFinding, AfterReviewState, type AfterReviewSchema } from "@countersign/proto/v1/action_pb";
import type { AfterReview } from "../../domain/state.ts";
import type { Finding } from "../../domain/values.ts";
import { textOf } from "../../usecases/content.ts";
import type { Contents } from "../../usecases/ports.ts";
import { toRefMessage } from "./principal-message.ts";

export const FINDINGS: Readonly<Record<Finding, AfterReviewFinding>> = {
  justified: AfterReviewFinding.JUSTIFIED,
  not_justified: AfterReviewFinding.NOT_JUSTIFIED,
};

/** Undefined for what is neither. */
export function fromFinding(finding: AfterReviewFinding): Finding | undefined {
  if (finding === AfterReviewFinding.JUSTIFIED) return "justified";
  return finding === AfterReviewFinding.NOT_JUSTIFIED ? "not_justified" : undefined;
}

export function toAfterReviewMessage(
  { reviewer, reason, at, skipped, closed }: AfterReview,
  contents: Contents,
): Fields<typeof AfterReviewSchema> {
  return {
    state: closed === undefined ? AfterReviewState.OPEN : AfterReviewState.CLOSED,
    usedBy: toRefMessage(reviewer),
    reason: textOf(contents, reason),
    useTime: at,
    skipped,
    ...(closed && {
      closedBy: toRefMessage(closed.reviewer),
      finding: FINDINGS[closed.finding],
      findingReason: textOf(contents, closed.reason),
      closeTime: closed.at,
    }),
  };
}
