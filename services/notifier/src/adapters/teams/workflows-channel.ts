import { createHash } from "node:crypto";
import { CHAT_RETRY_DELAYS } from "../../domain/retry-schedule.ts";
import { RetryableDeliveryError, SHOW_ONLY, type Channel } from "../../usecases/channel.ts";
import { raceAbort } from "../../usecases/race-abort.ts";
import { EVENT_WORDS } from "../card-sections.ts";
import { retryAfterMs } from "../retry-after.ts";
import { post } from "../webhook/post.ts";
import { systemResolver, vetTarget, type TargetRules } from "../webhook/target.ts";
import { adaptiveCard, cardAttachment, type AdaptiveCard } from "./adaptive-card.ts";

export type WorkflowsOptions = {
  readonly name: string;
  readonly url: string;
  readonly tenants: Channel["tenants"];
  readonly groups: Channel["groups"];
  readonly events: Channel["events"];
  readonly rules: TargetRules;
  readonly clock: () => Date;
};

const TIMEOUT_MS = 15_000;

/** A workflow "when a Teams webhook request is received": it shows cards, and can neither change them nor take anything back. */
export function workflowsChannel(options: WorkflowsOptions): Channel {
  const { name, url, tenants, groups = "all", events, rules, clock } = options;
  return {
    name,
    kind: "teams-workflow",
    target: createHash("sha256").update(url).digest("hex"),
    capabilities: SHOW_ONLY,
    tenants,
    groups,
    events,
    retryDelays: CHAT_RETRY_DELAYS,
    deliver: async (delivery, outer) => {
      const signal = AbortSignal.any([outer, AbortSignal.timeout(TIMEOUT_MS)]);
      const target = await raceAbort(vetTarget(url, rules, systemResolver), signal);
      const { type } = delivery.event;
      const card = adaptiveCard(delivery.render, undefined);
      const shown = type === "ReviewOpened" ? card : withNews(card, EVENT_WORDS[type]);
      const answer = await post(target, {}, JSON.stringify({ type: "message", attachments: [cardAttachment(shown)] }), signal);
      if (answer.status >= 200 && answer.status < 300) return {};
      const delayMs = retryAfterMs(answer.retryAfter, clock());
      throw new RetryableDeliveryError(`the workflow answered ${answer.status}`, { delayMs, rateLimited: answer.status === 429 });
    },
  };
}

function withNews(card: AdaptiveCard, words: string): AdaptiveCard {
  const body = Array.isArray(card["body"]) ? (card["body"] as readonly object[]) : [];
  return { ...card, body: [{ type: "TextBlock", text: `News: ${words}`, wrap: true, weight: "Bolder" }, ...body] };
}
