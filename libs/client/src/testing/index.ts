import type { ActionState } from "@countersign/proto/v1/action_pb";
import { CountersignError, type ActionInput, type CountersignClient, type Decision } from "../index.ts";

/** What a vote has to name. */
export async function shownTo(reviewer: CountersignClient, actionId: string) {
  const { action, shownDigest } = await reviewer.reviews.getReview({ actionId });
  if (action === undefined) throw new Error("there is nothing to review");
  return { actionId, digest: action.digest, version: action.version, shownDigest };
}

/** Approves what the server shows at this moment. */
export async function approve(reviewer: CountersignClient, actionId: string, reason = ""): Promise<ActionState | undefined> {
  const shown = await shownTo(reviewer, actionId);
  return (await reviewer.reviews.submitVote({ ...shown, decision: { case: "approve", value: { reason } } })).action;
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
