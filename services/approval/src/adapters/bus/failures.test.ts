import { describe, expect, it } from "vitest";
import { FAILURES, failure } from "./failures.ts";

describe("failures", () => {
  it.each([
    ["NOT_FOUND", "NOT_FOUND"],
    ["WRONG_STATE", "FAILED_PRECONDITION"],
    ["NOT_HUMAN", "PERMISSION_DENIED"],
    ["SELF_APPROVAL", "PERMISSION_DENIED"],
    ["NOT_ELIGIBLE", "PERMISSION_DENIED"],
    ["SIGN_IN_TOO_WEAK", "PERMISSION_DENIED"],
    ["ALREADY_VOTED", "FAILED_PRECONDITION"],
    ["REASON_REQUIRED", "FAILED_PRECONDITION"],
    ["DIRECTORY_UNREACHABLE", "UNAVAILABLE"],
    ["EDIT_LIMIT", "FAILED_PRECONDITION"],
    ["STALE_DIGEST", "FAILED_PRECONDITION"],
    ["STALE_VERSION", "FAILED_PRECONDITION"],
    ["DEADLINE_PASSED", "FAILED_PRECONDITION"],
    ["NOT_REQUESTER", "PERMISSION_DENIED"],
    ["GRANT_INVALID", "UNAUTHENTICATED"],
    ["NOT_GRANTEE", "PERMISSION_DENIED"],
    ["GRANT_REDEEMED", "FAILED_PRECONDITION"],
    ["GRANT_EXPIRED", "FAILED_PRECONDITION"],
    ["GRANT_REVOKED", "FAILED_PRECONDITION"],
    ["DIGEST_MISMATCH", "FAILED_PRECONDITION"],
    ["REPORT_CONFLICT", "FAILED_PRECONDITION"],
    ["CONTENT_ERASED", "FAILED_PRECONDITION"],
    ["POLICY_UNREACHABLE", "UNAVAILABLE"],
    ["KEY_REUSED", "ALREADY_EXISTS"],
    ["LOST_RACE", "ABORTED"],
    ["LOG_UNREACHABLE", "UNAVAILABLE"],
  ] as const)("%s is %s", (reason, code) => {
    expect(failure(reason)).toMatchObject({ reason, code, message: FAILURES[reason][1] });
  });

  it("has a row in this test for each reason", () => {
    expect(Object.keys(FAILURES)).toHaveLength(26);
  });
});
