import { createHash } from "node:crypto";
import { RetryableDeliveryError, SHOW_ONLY, TerminalDeliveryError, type Channel, type Delivery } from "../../usecases/channel.ts";
import type { NotifiedEvent } from "../../domain/notified-event.ts";
import { raceAbort } from "../../usecases/race-abort.ts";
import { retryAfterMs } from "../retry-after.ts";
import { webhookPayload } from "./payload.ts";
import { post, type PostAnswer } from "./post.ts";
import { signatureHeaders } from "./signature.ts";
import { systemResolver, vetTarget, type Resolver, type TargetRules } from "./target.ts";

export type WebhookOptions = {
  readonly name: string;
  readonly url: string;
  /** One `whsec_` secret, or the new and the old one while the receiver changes over. */
  readonly secrets: readonly string[];
  readonly tenants: Channel["tenants"];
  readonly events: readonly NotifiedEvent[];
  readonly rules: TargetRules;
  readonly clock: () => Date;
  /** Default: the system's. */
  readonly resolver?: Resolver;
};

/** For one attempt, as Standard Webhooks advises. */
const TIMEOUT_MS = 15_000;

/** A receiver of Standard Webhooks 1.0.0. `webhook-id` is the event's id: the same in every attempt. */
export function webhookChannel(options: WebhookOptions): Channel {
  return {
    name: options.name,
    kind: "webhook",
    target: createHash("sha256").update(options.url).digest("hex"),
    capabilities: { ...SHOW_ONLY, show: false },
    tenants: options.tenants,
    events: options.events,
    deliver: async (delivery, signal) => {
      await deliver(options, delivery, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
      return {};
    },
  };
}

async function deliver(options: WebhookOptions, delivery: Delivery, signal: AbortSignal): Promise<void> {
  const target = await raceAbort(vetTarget(options.url, options.rules, options.resolver ?? systemResolver), signal);
  const body = webhookPayload(delivery);
  const now = options.clock();
  const headers = signatureHeaders(options.secrets, delivery.event.id, now, body);
  const traced = delivery.event.traceparent === "" ? headers : { ...headers, traceparent: delivery.event.traceparent };
  judge(await post(target, traced, body, signal), now);
}

/** Only 2xx means that the receiver has it. A redirect is a failure: it would lead past the checks of the target. */
function judge(answer: PostAnswer, now: Date): void {
  const { status } = answer;
  if (status >= 200 && status < 300) return;
  if (status === 410) throw new TerminalDeliveryError("the receiver answered 410 Gone", { disablesChannel: true });
  throw new RetryableDeliveryError(`the receiver answered ${status}`, { delayMs: retryAfterMs(answer.retryAfter, now) });
}
