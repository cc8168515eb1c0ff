import { USUAL_LIMITS, type RenderLimits, type ReviewView } from "@countersign/review-view";
import type { Delivery } from "../../usecases/channel.ts";

/** Standard Webhooks advises at most 20 KB. */
export const LARGEST_PAYLOAD = 20_000;

/** Less and less of each text until it fits; ids, digest and status always do. */
const LIMITS: readonly RenderLimits[] = [
  USUAL_LIMITS,
  { characters: 240, members: 40 },
  { characters: 120, members: 20 },
  { characters: 60, members: 10 },
  { characters: 30, members: 3 },
];

/** `{type, timestamp, data}` as JSON. It never holds a grant, a salt or what looks like a secret, and says of each text that is not whole how long it is. */
export function webhookPayload(delivery: Delivery): string {
  for (const limits of LIMITS) {
    const body = payload(delivery, delivery.render(limits));
    if (Buffer.byteLength(body) <= LARGEST_PAYLOAD) return body;
  }
  return payload(delivery, undefined);
}

function payload(delivery: Delivery, review: ReviewView | undefined): string {
  const shown = review ?? { ...delivery.render({ characters: 30, members: 0 }), decide: undefined };
  const { event } = delivery;
  return JSON.stringify({
    type: `action.${event.type}`,
    timestamp: event.time.toISOString(),
    data: {
      event_id: event.id,
      position: event.position,
      stream_version: event.streamVersion,
      tenant: shown.tenant,
      action_id: shown.actionId,
      status: shown.status,
      digest: shown.digest,
      version: shown.version,
      deadline: shown.deadline,
      title: shown.title,
      erased: shown.erased,
      facts: shown.facts,
      more_facts: shown.moreFacts,
      parameters: shown.parameters,
      claims: shown.claims,
      comments: shown.comments.comments,
      more_comments: shown.comments.more,
      decide: shown.decide,
    },
  });
}
