import { CountersignError, type ActionInput, type CountersignClient, type Decision } from "@countersign/client";
import type { ActionState } from "@countersign/proto/v1/action_pb";

/** Allowed by the starter policy. */
export const TAG_CHANGE: ActionInput = {
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "db.tag.update", properties: { customer: 7, tag: "vip", rows: 1 } },
  resource: { type: "database", id: "crm" },
  context: { environment: "production", justification: "loyalty programme" },
};

/** Reviewed by one of the data owners. */
export const EXPORT: ActionInput = {
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "db.export", properties: { table: "customers", columns: ["id", "region"], limit: 100 } },
  resource: { type: "database", id: "crm" },
  context: { environment: "production", justification: "regional report" },
};

/** Denied. */
export const DROP: ActionInput = {
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "db.drop", properties: { table: "customers" } },
  resource: { type: "database", id: "crm" },
  context: { environment: "production" },
};

/** Reviewed by two of security. */
export const ROTATION: ActionInput = {
  subject: { type: "service", id: "ci-runner" },
  action: { name: "secrets.rotate", properties: { secret: "crm/api" } },
  resource: { type: "secret", id: "crm/api" },
  context: { environment: "production" },
};

/** What a vote has to name. */
export async function shownTo(reviewer: CountersignClient, actionId: string) {
  const { action, shownDigest } = await reviewer.reviews.getReview({ actionId });
  if (action === undefined) throw new Error("there is nothing to review");
  return { actionId, digest: action.digest, version: action.version, shownDigest };
}

/** Approves what the server shows at this moment. */
export async function approve(reviewer: CountersignClient, actionId: string): Promise<ActionState | undefined> {
  const shown = await shownTo(reviewer, actionId);
  return (await reviewer.reviews.submitVote({ ...shown, decision: { case: "approve", value: {} } })).action;
}

/** Asks, has it approved, and returns the requester's grant. */
export async function approvedBy(agent: CountersignClient, reviewers: readonly CountersignClient[], input: ActionInput): Promise<Decision> {
  const { action } = await agent.requestAction(input);
  for (const reviewer of reviewers) await approve(reviewer, action.id);
  return agent.waitForDecision(action.id);
}

/** `CODE REASON` of a call that must fail. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CountersignError) return `${error.code} ${error.reason}`;
    throw error;
  }
  return "not refused";
}
