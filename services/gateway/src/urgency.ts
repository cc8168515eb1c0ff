import type { RpcName } from "./access.ts";
import type { Urgency } from "./domain/fair-line.ts";

/** What people did and what they need to see for it, and what ends an action that has begun: worth more than a new question. They take no part of the quota of requests. */
const URGENT: ReadonlySet<string> = new Set<RpcName>([
  "SubmitVote",
  "BreakGlass",
  "GetReview",
  "RedeemGrant",
  "ReportExecution",
  "CancelAction",
]);

/** How urgent a call is, by the name of its method with or without the service's. */
export function urgencyOf(method: string): Urgency {
  return URGENT.has(method.slice(method.lastIndexOf("/") + 1)) ? "urgent" : "normal";
}
