import { statusName } from "@countersign/client";
import type { Stage } from "../stage.ts";

/** Nobody answers: silence is a no. */
export async function expired({ narrator, actions, as }: Stage): Promise<void> {
  narrator.chapter("Nobody answers: the review expires");
  const agent = as("crm-agent");
  narrator.says("crm-agent", "asks to mail all customers (mail.campaign); the review has 2 seconds");
  const asked = await agent.requestAction({
    subject: { type: "agent", id: "crm-agent" },
    action: { name: "mail.campaign", properties: { list: "all", template: "spring" } },
    resource: { type: "mailer", id: "newsletter" },
    context: { environment: "production" },
  });
  actions.set("the campaign", asked.action.id);
  narrator.says("policy", `${statusName(asked.action.status)} by rule "${asked.action.verdict?.rule ?? ""}"`);
  const { action, grantToken } = await agent.waitForDecision(asked.action.id, { afterVersion: asked.action.version });
  narrator.checks(
    `it ended as ${statusName(action.status)}, without a grant`,
    statusName(action.status) === "EXPIRED" && grantToken === "",
  );
}
