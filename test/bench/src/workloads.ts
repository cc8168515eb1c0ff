import { sha256Hex, shownDigest, toReviewSource } from "@countersign/review-view";
import { createClient, digestOf, type CountersignClient } from "@countersign/client";
import { DEVELOPMENT_PRINCIPALS } from "@countersign/identity";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import type { Workload } from "./closed-loop.ts";
import { AUTO, REVIEWED } from "./inputs.ts";
import type { System } from "./system.ts";

/** The two complete lifecycles that are measured. */
export type Workloads = { readonly auto: Workload; readonly reviewed: Workload; readonly voteToRequester: Workload; close(): void };

/** Opens the clients of an agent and of a reviewer: a connection each. */
export async function openWorkloads(system: System): Promise<Workloads> {
  const open = async (name: "crm-agent" | "data-owner"): Promise<CountersignClient> =>
    createClient({ address: system.address, token: await system.issuer.mint(DEVELOPMENT_PRINCIPALS[name]) });
  const agent = await open("crm-agent");
  const reviewer = await open("data-owner");
  return {
    auto: () => auto(agent),
    reviewed: async () => (await reviewed(agent, reviewer)).wholeMs,
    voteToRequester: async () => (await reviewed(agent, reviewer)).voteMs,
    close: () => {
      agent.close();
      reviewer.close();
    },
  };
}

/** Request, verdict, grant, redemption, by a requester who does not know beforehand that nobody has to be asked. Returns the milliseconds from request to grant. */
async function auto(agent: CountersignClient): Promise<number> {
  const start = performance.now();
  const { action, grantToken } = await agent.requestAndWatch(AUTO);
  const elapsed = performance.now() - start;
  if (action.status !== ActionStatus.APPROVED) throw new Error(`status ${action.status} where APPROVED was due`);
  await agent.redeem(grantToken, digestOf(action, AUTO));
  return elapsed;
}

/** Request, review, wait in the same call while a human approves, redemption. */
async function reviewed(
  agent: CountersignClient,
  reviewer: CountersignClient,
): Promise<{ readonly wholeMs: number; readonly voteMs: number }> {
  const start = performance.now();
  const asked = await agent.requestAndWatch(REVIEWED);
  if (asked.action.status !== ActionStatus.IN_REVIEW) throw new Error(`status ${asked.action.status} where IN_REVIEW was due`);
  const waiting = asked.decided();
  const { id: actionId, digest, version } = asked.action;
  const shown = Buffer.from(shownDigest(toReviewSource(asked.action), sha256Hex), "hex");
  const voted = performance.now();
  const [decision] = await Promise.all([
    waiting.then((decided) => ({ ...decided, voteMs: performance.now() - voted })),
    reviewer.reviews.submitVote({ actionId, digest, version, shownDigest: shown, decision: { case: "approve", value: {} } }),
  ]);
  await agent.redeem(decision.grantToken, digestOf(decision.action, REVIEWED));
  return { wholeMs: performance.now() - start, voteMs: decision.voteMs };
}
