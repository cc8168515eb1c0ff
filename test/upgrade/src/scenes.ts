import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ActionInput, CountersignClient, Decision } from "@countersign/client";
import { CountersignError } from "@countersign/client";

/** An action of the agent, in a run of its own. */
export function input(name: string, properties: Record<string, string | number> = {}): ActionInput {
  return {
    subject: { type: "agent", id: "crm-agent" },
    action: { name, properties },
    resource: { type: "database", id: "crm" },
    context: { environment: "production", justification: "baseline", run_id: randomUUID() },
  };
}

/** What a vote has to name. */
export async function shownTo(reviewer: CountersignClient, actionId: string) {
  const { action, shownDigest } = await reviewer.reviews.getReview({ actionId });
  if (action === undefined) throw new Error("there is nothing to review");
  return { actionId, digest: action.digest, version: action.version, shownDigest };
}

export async function approve(reviewer: CountersignClient, actionId: string, reason = "") {
  const shown = await shownTo(reviewer, actionId);
  await reviewer.reviews.submitVote({ ...shown, decision: { case: "approve", value: { reason } } });
}

export async function approvedBy(agent: CountersignClient, reviewers: readonly CountersignClient[], asked: ActionInput): Promise<Decision> {
  const { action } = await agent.requestAction(asked);
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

/** Waits for a condition, however busy the machine is. */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const startedAt = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedAt > 30_000) throw new Error(`waited in vain: ${what}`);
    await sleep(20);
  }
}
