import { type Principal, type PrincipalRef, PrincipalTypeSchema } from "@countersign/proto/v1/principal_pb";
import type {
  ActivatePolicyRequest,
  BacktestPolicyRequest,
  GetPolicyRequest,
  ListPolicyRevisionsRequest,
  PublishPolicyRequest,
  TestPolicyRequest,
} from "@countersign/proto/v1/policy_service_pb";
import { checkAt, checkBytes, checkCount, checkEnum, checkName, checkPage, checkPeriod } from "./fields.ts";
import { checkInput } from "./input.ts";
import type { Violations } from "./violations.ts";

const MAX_DOCUMENT_BYTES = 256 * 1024;
/** 9999-12-31T23:59:59Z, the last second that a protobuf Timestamp can name. */
const LAST_SECOND = 253_402_300_799n;

export function checkPublishPolicy(request: PublishPolicyRequest, violations: Violations): void {
  checkBytes(violations, "document", request.document, { min: 1, max: MAX_DOCUMENT_BYTES });
}

export function checkActivatePolicy(request: ActivatePolicyRequest, violations: Violations): void {
  checkCount(violations, "revision", request.revision, 1n);
}

export function checkGetPolicy(request: GetPolicyRequest, violations: Violations): void {
  checkCount(violations, "revision", request.revision);
  if (request.at !== undefined) checkAt(violations, "at", request.at);
}

export function checkListPolicyRevisions(request: ListPolicyRevisionsRequest, violations: Violations): void {
  checkPage(violations, request);
  if (request.at !== undefined) checkAt(violations, "at", request.at);
}

export function checkTestPolicy(request: TestPolicyRequest, violations: Violations, wireSize: number, caller: Principal): void {
  checkBytes(violations, "document", request.document, { min: 1, max: MAX_DOCUMENT_BYTES });
  checkInput(violations, "input", request.input, wireSize);
  if (request.requester === undefined) violations.add("requester", "is required");
  else checkRequester(violations, request.requester, caller);
  if (
    request.time !== undefined &&
    (request.time.seconds < 0n || request.time.seconds > LAST_SECOND || request.time.nanos < 0 || request.time.nanos > 999_999_999)
  ) {
    violations.add("time", "must be between 1970 and 9999");
  }
}

export function checkBacktestPolicy(request: BacktestPolicyRequest, violations: Violations): void {
  checkBytes(violations, "document", request.document, { min: 1, max: MAX_DOCUMENT_BYTES });
  checkPeriod(violations, request);
}

function checkRequester(violations: Violations, requester: Principal, caller: Principal): void {
  if (requester.tenant !== "" && requester.tenant !== caller.tenant)
    violations.add("requester.tenant", "must be your own tenant, or empty");
  checkEnum(violations, "requester.type", requester.type, PrincipalTypeSchema);
  checkRef(violations, "requester", requester);
  if (requester.groups.length > 256) violations.add("requester.groups", "has more than 256 items");
  if (requester.roles.length > 64) violations.add("requester.roles", "has more than 64 items");
  if (requester.chain.length > 8) violations.add("requester.chain", "has more than 8 items");
  else requester.chain.forEach((one, index) => checkRef(violations, `requester.chain[${index}]`, one));
  if (requester.owner !== undefined) checkRef(violations, "requester.owner", requester.owner);
}

function checkRef(violations: Violations, field: string, { issuer, id }: Pick<PrincipalRef, "issuer" | "id">): void {
  checkName(violations, `${field}.issuer`, issuer, 512);
  checkName(violations, `${field}.id`, id, 256);
}
