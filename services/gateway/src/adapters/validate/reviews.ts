import type { ListReviewsRequest, SubmitVoteRequest } from "@countersign/proto/v1/review_service_pb";
import { checkCount, checkDigest, checkPage, checkText, checkUuid } from "./fields.ts";
import { checkJson } from "./input.ts";
import type { Violations } from "./violations.ts";

const MAX_PROPERTIES_BYTES = 128 * 1024;

export function checkListReviews(request: ListReviewsRequest, violations: Violations): void {
  checkPage(violations, request);
}

export function checkSubmitVote({ actionId, digest, version, decision }: SubmitVoteRequest, violations: Violations): void {
  checkUuid(violations, "action_id", actionId);
  checkDigest(violations, "digest", digest);
  checkCount(violations, "version", version, 1n);
  switch (decision.case) {
    case "approve":
      checkText(violations, "approve.reason", decision.value.reason, { max: 4096 });
      break;
    case "reject":
      checkText(violations, "reject.reason", decision.value.reason, { min: 1, max: 4096 });
      break;
    case "edit": {
      checkText(violations, "edit.reason", decision.value.reason, { min: 1, max: 4096 });
      const { properties } = decision.value;
      if (properties === undefined) violations.add("edit.properties", "is required: the new action.properties, whole");
      checkJson(violations, "edit.properties", properties);
      if (Buffer.byteLength(JSON.stringify(properties ?? {})) > MAX_PROPERTIES_BYTES) {
        violations.add("edit.properties", `has more than ${MAX_PROPERTIES_BYTES} bytes as JSON`);
      }
      break;
    }
    case undefined:
      violations.add("decision", "is required: one of approve, reject, edit");
  }
}
