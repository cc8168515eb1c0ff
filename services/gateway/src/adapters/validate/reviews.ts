import { toJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { jsonBytes, MAX_JSON_BYTES } from "@countersign/digest";
import { AfterReviewFinding, CommentKind } from "@countersign/proto/v1/action_pb";
import type {
  AddCommentRequest,
  BreakGlassRequest,
  CloseAfterReviewRequest,
  Edit,
  ListReviewsRequest,
  SubmitVoteRequest,
} from "@countersign/proto/v1/review_service_pb";
import { ClaimFilter } from "@countersign/proto/v1/review_service_pb";
import { checkAt, checkCount, checkDigest, checkIdempotencyKey, checkPage, checkText, checkUuid } from "./fields.ts";
import { checkJson } from "./input.ts";
import type { Violations } from "./violations.ts";

const MAX_OPERATIONS = 100;

export function checkListReviews(request: ListReviewsRequest, violations: Violations): void {
  checkPage(violations, request);
  if (request.at !== undefined) checkAt(violations, "at", request.at);
  const { claim } = request;
  if (claim !== ClaimFilter.UNSPECIFIED && claim !== ClaimFilter.UNCLAIMED && claim !== ClaimFilter.MINE)
    violations.add("claim", "must be UNCLAIMED, MINE or nothing");
  if (request.at !== undefined && claim !== ClaimFilter.UNSPECIFIED) violations.add("claim", "cannot be combined with at");
}

export function checkSubmitVote({ actionId, digest, version, shownDigest, decision }: SubmitVoteRequest, violations: Violations): void {
  checkUuid(violations, "action_id", actionId);
  checkDigest(violations, "digest", digest);
  checkCount(violations, "version", version, 1n);
  checkDigest(violations, "shown_digest", shownDigest);
  switch (decision.case) {
    case "approve":
      checkText(violations, "approve.reason", decision.value.reason, { max: 4096 });
      break;
    case "reject":
      checkText(violations, "reject.reason", decision.value.reason, { min: 1, max: 4096 });
      break;
    case "edit":
      checkEdit(decision.value, violations);
      break;
    case undefined:
      violations.add("decision", "is required: one of approve, reject, edit");
  }
}

export function checkBreakGlass(request: BreakGlassRequest, violations: Violations): void {
  checkUuid(violations, "action_id", request.actionId);
  checkDigest(violations, "digest", request.digest);
  checkCount(violations, "version", request.version, 1n);
  checkDigest(violations, "shown_digest", request.shownDigest);
  checkText(violations, "reason", request.reason, { min: 10, max: 4096 });
}

export function checkCloseAfterReview({ actionId, finding, reason }: CloseAfterReviewRequest, violations: Violations): void {
  checkUuid(violations, "action_id", actionId);
  if (finding !== AfterReviewFinding.JUSTIFIED && finding !== AfterReviewFinding.NOT_JUSTIFIED) {
    violations.add("finding", "must be JUSTIFIED or NOT_JUSTIFIED");
  }
  checkText(violations, "reason", reason, { min: 1, max: 4096 });
}

export function checkAddComment({ actionId, kind, text, question, idempotencyKey }: AddCommentRequest, violations: Violations): void {
  checkUuid(violations, "action_id", actionId);
  if (kind !== CommentKind.REMARK && kind !== CommentKind.QUESTION && kind !== CommentKind.ANSWER) {
    violations.add("kind", "must be REMARK, QUESTION or ANSWER");
  }
  checkText(violations, "text", text, { min: 1, max: 4096 });
  if (text !== "" && text.trim() === "") violations.add("text", "must say something");
  if ((kind === CommentKind.ANSWER) !== question > 0) violations.add("question", "must name the question in an answer, and be 0 otherwise");
  checkIdempotencyKey(violations, "idempotency_key", idempotencyKey);
}

function checkEdit({ properties, patch, reason }: Edit, violations: Violations): void {
  checkText(violations, "edit.reason", reason, { min: 1, max: 4096 });
  if ((properties === undefined) === (patch.length === 0)) {
    violations.add("edit.properties", "is required: the new action.properties, whole; or else edit.patch, and not both");
  }
  checkJson(violations, "edit.properties", properties);
  if (jsonBytes(properties ?? {}) > MAX_JSON_BYTES) violations.add("edit.properties", `has more than ${MAX_JSON_BYTES} bytes as JSON`);
  if (patch.length > MAX_OPERATIONS) violations.add("edit.patch", `has more than ${MAX_OPERATIONS} operations`);
  for (const [index, { path, from, value }] of patch.slice(0, MAX_OPERATIONS).entries()) {
    checkText(violations, `edit.patch[${index}].path`, path, { min: 2, max: 1024 });
    checkText(violations, `edit.patch[${index}].from`, from, { max: 1024 });
    checkJson(violations, `edit.patch[${index}].value`, value && toJson(ValueSchema, value));
  }
}
