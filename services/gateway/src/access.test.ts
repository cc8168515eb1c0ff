import { describe, expect, it } from "vitest";
import { ACCESS, mayCall, type Role, ROLES, type RpcName } from "./access.ts";
import { PUBLIC_METHODS } from "./testing/public-services.ts";

const ALL = [...ROLES];

describe("P7: who may call what", () => {
  it.each<[RpcName, Role[]]>([
    ["RequestAction", ["requester"]],
    ["EvaluateAction", ["requester"]],
    ["CancelAction", ["requester"]],
    ["RedeemGrant", ["executor"]],
    ["ReportExecution", ["executor"]],
    ["GetAction", ALL],
    ["WatchAction", ALL],
    ["ListActions", ALL],
    ["GetGrantKeys", ALL],
    ["ListReviews", ["reviewer"]],
    ["GetReview", ["reviewer", "auditor", "operator"]],
    ["SubmitVote", ["reviewer"]],
    ["PublishPolicy", ["policy_admin"]],
    ["ActivatePolicy", ["policy_admin"]],
    ["TestPolicy", ["policy_admin"]],
    ["GetPolicy", ["reviewer", "policy_admin", "auditor"]],
    ["ListPolicyRevisions", ["reviewer", "policy_admin", "auditor"]],
    ["StreamEvents", ["auditor", "operator"]],
    ["GetTimeline", ["auditor", "operator"]],
    ["VerifyLedger", ["operator"]],
    ["RebuildProjection", ["operator"]],
    ["ListDeadLetters", ["operator"]],
    ["ReplayDeadLetters", ["operator"]],
  ])("%s: %s", (rpc, roles) => {
    expect(ROLES.filter((role) => mayCall(rpc, [role]))).toEqual(roles);
    expect(mayCall(rpc, [])).toBe(rpc === "GetGrantKeys");
    expect(mayCall(rpc, ["admin", "REQUESTER", "*"])).toBe(rpc === "GetGrantKeys");
  });

  it("has a row for every method of every service", () => {
    expect(Object.keys(ACCESS).toSorted()).toEqual(PUBLIC_METHODS.map(({ name }) => name).toSorted());
  });
});
