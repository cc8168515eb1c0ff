import { setTimeout as sleep } from "node:timers/promises";
import { ActionStatus, type ActionState } from "@countersign/proto/v1/action_pb";
import { CountersignError, type ActionInput, type CountersignClient, type Decision } from "../index.ts";

/** What a vote has to name, as soon as policy has said what the action is: on a busy machine it may be recorded before. */
export async function shownTo(reviewer: CountersignClient, actionId: string) {
  for (const end = performance.now() + VERDICT_MS; ; await sleep(20)) {
    const { action, shownDigest } = await reviewer.reviews.getReview({ actionId });
    if (action === undefined) throw new Error("there is nothing to review");
    if (action.status !== ActionStatus.REQUESTED) return { actionId, digest: action.digest, version: action.version, shownDigest };
    if (performance.now() > end) throw new Error(`policy has not said what ${actionId} is`);
  }
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

const VERDICT_MS = 30_000;
