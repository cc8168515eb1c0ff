import { createHash } from "node:crypto";
import { digestOf, type ActionInput, type Decision } from "@countersign/client";
import { plain, renderReview, reviewCard, sha256Hex, toReviewSource } from "@countersign/review-view";
import { answerOf, refusalOf, type Stage } from "../stage.ts";

const COLUMNS = ["id", "name", "region"];

const exportOf = (limit: number): ActionInput => ({
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "db.export", properties: { table: "customers", columns: COLUMNS, limit } },
  resource: { type: "database", id: "crm" },
  context: { environment: "production", justification: "regional report for the sales meeting" },
});

/** A human looks, and exactly what was looked at runs, once. */
export async function reviewed(stage: Stage): Promise<void> {
  const { narrator, database, actions, as } = stage;
  narrator.chapter("An export from production: a human looks first");
  const agent = as("crm-agent");
  const input = exportOf(100);
  narrator.says("crm-agent", "asks to export 100 customers from production (db.export)");
  const asked = await agent.requestAction(input);
  actions.set("the export", asked.action.id);
  narrator.says("policy", answerOf(asked.action));
  const waiting = agent.waitForDecision(asked.action.id, { afterVersion: asked.action.version });
  await approve(stage, asked.action.id);
  const decision = await waiting;
  narrator.says("crm-agent", "was waiting for this and receives its grant");
  narrator.checks("until then nothing has moved: there is no file", database.exportedFile() === undefined);
  await run(stage, decision, input);
}

async function approve({ narrator, as }: Stage, actionId: string): Promise<void> {
  const { action, shownDigest } = await as("data-owner").reviews.getReview({ actionId });
  if (action === undefined) throw new Error("there is nothing to review");
  narrator.says("data-owner", "is shown this:");
  const card = reviewCard(renderReview(toReviewSource(action), sha256Hex), { paint: plain, columns: narrator.columns });
  narrator.shows(card, `│ ${" ".repeat(14)}`);
  const vote = {
    actionId,
    digest: action.digest,
    version: action.version,
    shownDigest,
    decision: { case: "approve", value: { reason: "regions only, fine" } },
  } as const;
  const refusal = await refusalOf(as("agent-owner").reviews.submitVote(vote));
  narrator.checks(`agent-owner, who answers for the agent, may not approve (${refusal})`, refusal === "SELF_APPROVAL");
  await as("data-owner").reviews.submitVote(vote);
  narrator.says("data-owner", "approves exactly this digest");
}

async function run({ narrator, database, as }: Stage, { action, grantToken }: Decision, input: ActionInput): Promise<void> {
  const agent = as("crm-agent");
  const greedy = await refusalOf(agent.redeem(grantToken, digestOf(action, exportOf(200))));
  narrator.checks(`the grant is no good for 200 customers (${greedy})`, greedy === "DIGEST_MISMATCH");
  await agent.redeem(grantToken, digestOf(action, input));
  const csv = await database.exportCustomers(COLUMNS, 100);
  await agent.report(action.id, { outcome: "succeeded", outputDigest: createHash("sha256").update(csv).digest(), message: "100 rows" });
  narrator.says("crm-agent", "redeems it for 100, exports, and reports the SHA-256 of the file:");
  narrator.shows(`${csv.split("\n").slice(0, 3).join("\n")}\n...`);
  narrator.checks("the file holds 100 customers", database.exportedFile()?.trimEnd().split("\n").length === 101);
  const again = await refusalOf(agent.redeem(grantToken, digestOf(action, input)));
  narrator.checks(`a second redemption is refused (${again})`, again === "GRANT_REDEEMED");
}
