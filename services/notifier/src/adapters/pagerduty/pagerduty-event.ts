import type { Delivery } from "../../usecases/channel.ts";
import { TerminalDeliveryError } from "../../usecases/channel.ts";
import { CARD_LIMITS, cardText, subjectOf } from "../card-sections.ts";

export type Severity = "critical" | "error" | "warning" | "info";
export type EventAction = "trigger" | "acknowledge" | "resolve";

/** PagerDuty takes 512 KB; nobody reads as much on a phone. */
const LARGEST = 60_000;

/** How loud a score is; without one nobody knows, and that is a warning. */
export function severityOf(riskScore: number | undefined): Severity {
  if (riskScore === undefined) return "warning";
  if (riskScore >= 80) return "critical";
  if (riskScore >= 50) return "error";
  return riskScore >= 20 ? "warning" : "info";
}

/** What the incident is to become: open while people are asked, taken on when one of them has approved, over when the review is. */
export function eventActionOf(delivery: Delivery): EventAction {
  if (!delivery.undecided) return "resolve";
  return (delivery.render().decide?.approvals ?? 0) > 0 ? "acknowledge" : "trigger";
}

/** An event of the Events API v2. The same action is the same incident, however often it is told. */
export function pagerDutyEvent(delivery: Delivery, action: EventAction, routingKey: string, url: string | undefined): string {
  for (const limits of CARD_LIMITS) {
    const view = delivery.render(limits);
    const { title, sections } = cardText(view);
    const details = Object.fromEntries(sections.map(({ kind, lines }) => [kind, lines]));
    const body = JSON.stringify({
      routing_key: routingKey,
      event_action: action,
      dedup_key: view.actionId,
      ...(action === "trigger"
        ? {
            payload: {
              summary: `Review needed: ${subjectOf(title)}`,
              source: `countersign/${view.tenant}`,
              severity: severityOf(delivery.riskScore),
              timestamp: delivery.event.time.toISOString(),
              component: "review",
              custom_details: details,
            },
            client: "Countersign",
            ...(url === undefined ? {} : { client_url: url, links: [{ href: url, text: "Open the review" }] }),
          }
        : {}),
    });
    if (Buffer.byteLength(body) <= LARGEST) return body;
  }
  throw new TerminalDeliveryError("the review is too long for PagerDuty, however much of it is left out");
}
