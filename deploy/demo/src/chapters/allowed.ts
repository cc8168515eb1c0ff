import { digestOf, type ActionInput } from "@countersign/client";
import { answerOf, type Stage } from "../stage.ts";

const INPUT: ActionInput = {
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "db.tag.update", properties: { customer: 7, tag: "vip", rows: 1 } },
  resource: { type: "database", id: "crm" },
  context: { environment: "production", justification: "customer asked for the loyalty programme" },
};

/** Policy allows at once; the grant is used once. */
export async function allowed({ narrator, database, actions, as }: Stage): Promise<void> {
  narrator.chapter("A harmless change: policy allows it at once");
  const agent = as("crm-agent");
  narrator.says("crm-agent", "asks to tag customer 7 as vip (db.tag.update)");
  const { action, grantToken } = await agent.requestAction(INPUT);
  actions.set("the tag change", action.id);
  narrator.says("policy", answerOf(action));
  narrator.checks("until then nothing has moved: customer 7 has no tag", (await database.tagOf(7)) === "none");
  const receipt = await agent.redeem(grantToken, digestOf(action, INPUT));
  narrator.says("crm-agent", `redeems its grant (position ${receipt.position} of the log), updates the row, reports`);
  await database.setTag(7, "vip");
  await agent.report(action.id, { outcome: "succeeded" });
  narrator.checks("customer 7 is tagged vip", (await database.tagOf(7)) === "vip");
}
