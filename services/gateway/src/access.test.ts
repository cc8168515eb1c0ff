import { describe, expect, it } from "vitest";
import { ACCESS, mayCall, type Role, ROLES, type RpcName } from "./access.ts";
import { PUBLIC_METHODS } from "./testing/public-services.ts";

const ALL = [...ROLES];
const OF_TENANT = ALL.filter((role) => role !== "ledger_operator");

describe("P7, P8: who may call what", () => {
  it.each<[RpcName, Role[]]>([
    ["RequestAction", ["requester"]],
    ["EvaluateAction", ["requester"]],
    ["AcceptEdit", ["requester"]],
    ["CancelAction", ["requester"]],
    ["RedeemGrant", ["executor"]],
    ["ReportExecution", ["executor"]],
    ["GetAction", OF_TENANT],
    ["RequestAndWatch", ["requester"]],
    ["WatchAction", OF_TENANT],
    ["ListActions", OF_TENANT],
    ["GetGrantKeys", ALL],
    ["EraseContent", ["privacy_officer"]],
    ["ListReviews", ["reviewer"]],
    ["GetReview", ["reviewer", "auditor", "operator"]],
    ["SubmitVote", ["reviewer"]],
    ["BreakGlass", ["reviewer"]],
    ["CloseAfterReview", ["reviewer"]],
    ["AddComment", ["requester", "reviewer"]],
    ["ClaimReview", ["reviewer"]],
    ["ReleaseReview", ["reviewer"]],
    ["PublishPolicy", ["policy_admin"]],
    ["ActivatePolicy", ["policy_admin"]],
    ["TestPolicy", ["policy_admin"]],
    ["BacktestPolicy", ["policy_admin"]],
    ["GetPolicy", ["reviewer", "policy_admin", "auditor"]],
    ["ListPolicyRevisions", ["reviewer", "policy_admin", "auditor"]],
    ["GetMe", ALL],
    ["CreateDelegation", ["reviewer"]],
    ["RevokeDelegation", ["reviewer", "operator"]],
    ["ListDelegations", ["reviewer", "auditor", "operator"]],
    ["SetAway", ["reviewer"]],
    ["GetLinkOffer", ["reviewer"]],
    ["LinkAccount", ["reviewer"]],
    ["UnlinkAccount", ["reviewer"]],
    ["ErasePerson", ["privacy_officer"]],
    ["StreamEvents", ["auditor", "operator"]],
    ["GetTimeline", ["auditor", "operator"]],
    ["Fsck", ["ledger_operator"]],
    ["RebuildProjection", ["ledger_operator"]],
    ["ListDeadLetters", ["operator"]],
    ["GetDeadLetter", ["operator"]],
    ["ReplayDeadLetters", ["operator"]],
    ["DiscardDeadLetter", ["operator"]],
    ["ListNotifiers", ["operator"]],
    ["ListDeliveries", ["operator"]],
    ["RetryDeliveries", ["operator"]],
    ["GetCheckpoint", ALL],
    ["GetProof", OF_TENANT],
    ["StartEpoch", ["ledger_operator"]],
  ])("%s: %s", (rpc, roles) => {
    expect(ROLES.filter((role) => mayCall(rpc, [role]))).toEqual(roles);
    const everyone = rpc === "GetMe" || rpc === "GetGrantKeys" || rpc === "GetCheckpoint";
    expect(mayCall(rpc, [])).toBe(everyone);
    expect(mayCall(rpc, ["admin", "REQUESTER", "*"])).toBe(everyone);
  });

  it("has a row for every method of every service", () => {
    expect(Object.keys(ACCESS).toSorted()).toEqual(PUBLIC_METHODS.map(({ name }) => name).toSorted());
  });
});
