import { digestOf, statusName, type ActionInput, type Decision } from "@countersign/client";
import type { JsonObject } from "@countersign/digest";
import { refusalOf, type Stage } from "../stage.ts";

const PROPERTIES = { table: "customers", columns: ["id", "region", "tag"], limit: 200 } satisfies JsonObject;

const INPUT: ActionInput = {
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "db.export", properties: PROPERTIES },
  resource: { type: "database", id: "crm" },
  context: { environment: "production", justification: "sample for a test system" },
};

const APPROVED: ActionInput = { ...INPUT, action: { ...INPUT.action, properties: { ...PROPERTIES, limit: 20 } } };

/** A reviewer changes the parameters; the requester must accept the result, and somebody else must approve it. */
export async function edited(stage: Stage): Promise<void> {
  const { narrator, actions, as } = stage;
  narrator.chapter("Not like this, but like that: a reviewer edits");
  const agent = as("crm-agent");
  narrator.says("crm-agent", "asks to export 200 customers for a test system");
  const asked = await agent.requestAction(INPUT);
  actions.set("the edited export", asked.action.id);
  await edit(stage, asked.action.id);
  await run(stage, await agent.waitForDecision(asked.action.id));
}

async function edit(stage: Stage, actionId: string): Promise<void> {
  const { narrator, as } = stage;
  const { action: before, shownDigest } = await as("data-owner").reviews.getReview({ actionId });
  if (before === undefined) throw new Error("there is nothing to review");
  const shown = { actionId, digest: before.digest, version: before.version, shownDigest };
  const smaller = { properties: { ...PROPERTIES, limit: 20 }, reason: "20 are enough for a test" };
  await as("data-owner").reviews.submitVote({ ...shown, decision: { case: "edit", value: smaller } });
  narrator.says("data-owner", "edits the limit to 20: policy answers again, and the action has a new digest");
  await accept(stage, actionId);
  const stale = await refusalOf(as("second-data-owner").reviews.submitVote({ ...shown, decision: { case: "approve", value: {} } }));
  narrator.checks(`a vote on the old digest is refused (${stale})`, stale === "STALE_DIGEST");
  const { action: after, shownDigest: shownNow } = await as("second-data-owner").reviews.getReview({ actionId });
  if (after === undefined) throw new Error("there is nothing to review");
  const vote = {
    actionId,
    digest: after.digest,
    version: after.version,
    shownDigest: shownNow,
    decision: { case: "approve", value: { reason: "fine now" } },
  } as const;
  const own = await refusalOf(as("data-owner").reviews.submitVote(vote));
  narrator.checks(`data-owner may not approve an edit of their own (${own})`, own === "SELF_APPROVAL");
  await as("second-data-owner").reviews.submitVote(vote);
  narrator.says("second-data-owner", "approves the edited form");
}

/** Nobody runs what somebody else made of its request without having agreed to it. */
async function accept({ narrator, as }: Stage, actionId: string): Promise<void> {
  const { action } = await as("crm-agent").waitForDecision(actionId);
  narrator.checks("the agent hears of the edit, and nothing goes on before it agrees", statusName(action.status) === "EDITED");
  await as("crm-agent").acceptEdit(actionId, digestOf(action, APPROVED));
  narrator.says("crm-agent", "accepts the edited form");
}

async function run({ narrator, database, as }: Stage, { action, grantToken }: Decision): Promise<void> {
  const agent = as("crm-agent");
  const old = await refusalOf(agent.redeem(grantToken, digestOf(action, INPUT)));
  narrator.checks(`the grant is no good for the 200 first asked for (${old})`, old === "DIGEST_MISMATCH");
  await agent.redeem(grantToken, digestOf(action, APPROVED));
  await database.exportCustomers(PROPERTIES.columns, 20);
  await agent.report(action.id, { outcome: "succeeded", message: "20 rows" });
  narrator.says("crm-agent", "redeems with the edited parameters and exports 20 rows");
  narrator.checks("the file holds 20 customers", database.exportedFile()?.trimEnd().split("\n").length === 21);
}
