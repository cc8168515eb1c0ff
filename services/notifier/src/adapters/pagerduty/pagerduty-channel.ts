import { createHash } from "node:crypto";
import { CHAT_RETRY_DELAYS } from "../../domain/retry-schedule.ts";
import { RetryableDeliveryError, SHOW_ONLY, TerminalDeliveryError, type Channel, type Delivery } from "../../usecases/channel.ts";
import { raceAbort } from "../../usecases/race-abort.ts";
import type { ReviewLinks } from "../page/review-links.ts";
import { retryAfterMs } from "../retry-after.ts";
import { post, type PostAnswer } from "../webhook/post.ts";
import { systemResolver, vetTarget, type TargetRules } from "../webhook/target.ts";
import { eventActionOf, pagerDutyEvent } from "./pagerduty-event.ts";

export type PagerDutyOptions = {
  readonly name: string;
  /** Of the Events API v2, for its region. */
  readonly url: string;
  readonly routingKey: string;
  /** Reviews with a lower risk score, or none, wake nobody. 0: every review does. */
  readonly urgentFrom: number;
  readonly tenants: Channel["tenants"];
  readonly groups: Channel["groups"];
  readonly events: Channel["events"];
  readonly rules: TargetRules;
  readonly links: ReviewLinks | undefined;
  readonly clock: () => Date;
};

const TIMEOUT_MS = 15_000;

/** A service of PagerDuty: one incident for each urgent review, over when the review is. */
export function pagerDutyChannel(options: PagerDutyOptions): Channel {
  const { name, tenants, groups = "all", events, routingKey, url } = options;
  const target = createHash("sha256").update(`${url}\n${routingKey}`).digest("hex");
  return {
    name,
    kind: "pagerduty",
    target,
    capabilities: { ...SHOW_ONLY, update: true },
    tenants,
    groups,
    events,
    // PagerDuty takes 120 events in a minute for each key.
    limits: [{ bucket: `pagerduty/${target}`, perSecond: 2, burst: 10 }],
    retryDelays: CHAT_RETRY_DELAYS,
    deliver: (delivery, signal) => deliver(options, delivery, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])),
  };
}

async function deliver(options: PagerDutyOptions, delivery: Delivery, signal: AbortSignal): Promise<{ externalRef?: string }> {
  const { earlierRef, undecided, riskScore = 0 } = delivery;
  const urgent = riskScore >= options.urgentFrom;
  if (earlierRef === undefined && !(undecided && urgent)) return {};
  const { tenant } = delivery;
  const { actionId } = delivery.render();
  // An incident can only be taken on once it is there.
  const action = earlierRef === undefined ? "trigger" : eventActionOf(delivery);
  const body = pagerDutyEvent(delivery, action, options.routingKey, options.links?.urlOf({ tenant, actionId, personId: "" }));
  const target = await raceAbort(vetTarget(options.url, options.rules, systemResolver), signal);
  judge(await post(target, {}, body, signal), options.clock());
  return { externalRef: actionId };
}

function judge({ status, retryAfter }: PostAnswer, now: Date): void {
  if (status === 202) return;
  if (status === 400) throw new TerminalDeliveryError("PagerDuty answered 400: it does not take this event or this key");
  const delayMs = retryAfterMs(retryAfter, now);
  if (status === 429) throw new RetryableDeliveryError("PagerDuty answered 429", { rateLimited: true, delayMs });
  throw new RetryableDeliveryError(`PagerDuty answered ${status}`, { delayMs });
}
