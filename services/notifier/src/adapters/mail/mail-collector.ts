import { isUndecided, renderReview, sha256Hex } from "@countersign/review-view";
import type { Logger } from "@countersign/telemetry";
import type { ReadAction } from "../../usecases/attempt-delivery.ts";
import type { Delivery } from "../../usecases/channel.ts";
import type { ReviewLinks } from "../page/review-links.ts";
import { collectedText, type CollectedReview } from "./collected-text.ts";
import { messageIdOf } from "./mail-channel.ts";
import type { MailLog } from "./mail-log.ts";
import type { FindRecipients, Recipient } from "./recipients.ts";
import type { MailServer } from "./smtp.ts";

/** What waits to be told to one person in one message. */
export type CollectedFor = {
  readonly tenant: string;
  readonly personId: string;
  readonly items: readonly { readonly actionId: string; readonly eventId: string }[];
};

export type CollectedStore = {
  /** Due with what waits for this person already, or after `minutes`. */
  add(
    item: { readonly tenant: string; readonly actionId: string; readonly eventId: string },
    personIds: readonly string[],
    minutes: number,
  ): Promise<void>;
  /** Hands out what is due, a person at a time and to one process; what `send` resolves for is gone afterwards. Returns how many people were told. */
  drain(send: (due: CollectedFor) => Promise<void>): Promise<number>;
};

export type CollectorOptions = {
  readonly channel: string;
  readonly from: string;
  readonly below: number;
  readonly minutes: number;
  readonly store: CollectedStore;
  readonly log: MailLog;
  readonly server: MailServer;
  readonly recipients: FindRecipients;
  readonly links: ReviewLinks | undefined;
  readonly readAction: ReadAction;
  readonly logger: Logger;
};

/** Reviews of little risk come together: attention is for the others. One without a score is never held back. */
export function mailCollector(options: CollectorOptions) {
  const { below, minutes, store } = options;
  return {
    collect: async (delivery: Delivery, people: readonly Recipient[]): Promise<boolean> => {
      if (delivery.riskScore === undefined || delivery.riskScore >= below) return false;
      const { actionId } = delivery.render();
      const item = { tenant: delivery.tenant, actionId, eventId: delivery.event.id };
      await store.add(
        item,
        people.map(({ personId }) => personId),
        minutes,
      );
      return true;
    },
    flush: (): Promise<number> => store.drain((due) => send(options, due)),
  };
}

/** What was decided meanwhile, or told in another way, is left out. */
async function send(options: CollectorOptions, { tenant, personId, items }: CollectedFor): Promise<void> {
  const { channel, from, log, server, links, recipients } = options;
  const person = await recipients.known(tenant, personId);
  if (person === undefined) return;
  const reviews: CollectedReview[] = [];
  for (const { actionId, eventId } of items) {
    const source = await options.readAction(tenant, actionId, "");
    const told = await log.sentAbout({ tenant, actionId });
    if (!isUndecided(source) || told.some((mail) => mail.personId === personId)) continue;
    const url = links?.urlOf({ tenant, actionId, personId });
    reviews.push({ actionId, eventId, version: source.version, url, render: (limits) => renderReview(source, sha256Hex, limits) });
  }
  if (reviews.length === 0) return;
  const messageId = messageIdOf([channel, personId, ...reviews.map(({ eventId }) => eventId)], from);
  await server.send({ ...collectedText(reviews), from, to: person.address, messageId, thread: undefined });
  for (const { actionId, eventId, version } of reviews) await log.record({ tenant, actionId }, { personId, eventId, messageId, version });
}
