import { statusName } from "@countersign/client";
import { answerOf, type Stage } from "../stage.ts";

/** Nobody answers: silence is a no. */
export async function expired({ narrator, actions, as }: Stage): Promise<void> {
  narrator.chapter("Nobody answers: the review expires");
  const agent = as("crm-agent");
  narrator.says("crm-agent", "asks to mail all customers (mail.campaign); people have 2 seconds to decide");
  const asked = await agent.requestAction({
    subject: { type: "agent", id: "crm-agent" },
    action: { name: "mail.campaign", properties: { list: "all", template: "spring" } },
    resource: { type: "mailer", id: "newsletter" },
    context: { environment: "production" },
  });
  actions.set("the campaign", asked.action.id);
  narrator.says("policy", answerOf(asked.action));
  const { action, grantToken } = await agent.waitForDecision(asked.action.id, { afterVersion: asked.action.version });
  narrator.checks(
    `silence is a no: the action is ${statusName(action.status)}, and there is no grant`,
    statusName(action.status) === "EXPIRED" && grantToken === "",
  );
}
