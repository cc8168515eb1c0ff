import { createHash } from "node:crypto";
import type { Logger } from "@countersign/telemetry";
import { CHAT_RETRY_DELAYS } from "../../domain/retry-schedule.ts";
import { SHOW_ONLY, TerminalDeliveryError, type Channel, type Delivery, type RateLimit } from "../../usecases/channel.ts";
import type { ReviewLinks } from "../page/review-links.ts";
import type { MailLog, SentMail } from "./mail-log.ts";
import { mailText } from "./mail-text.ts";
import type { FindRecipients, Recipient } from "./recipients.ts";
import type { MailServer } from "./smtp.ts";

export type MailChannelOptions = {
  readonly name: string;
  readonly from: string;
  readonly tenants: Channel["tenants"];
  readonly groups: Channel["groups"];
  readonly events: Channel["events"];
  readonly limits: readonly RateLimit[];
  readonly server: MailServer;
  readonly log: MailLog;
  readonly recipients: FindRecipients;
  /** To the page where people decide; undefined: this deployment has none. */
  readonly links: ReviewLinks | undefined;
  /** Keeps a review of little risk back for a collected message; false when it is to be sent now. */
  readonly collect?: (delivery: Delivery, recipients: readonly Recipient[]) => Promise<boolean>;
  readonly logger: Logger;
};

/**
 * Mail to everybody whom the open stage asks, one message a person, and a follow-up in the same thread to whoever was told before: mail cannot be changed in
 * place. A link in it opens a page; nothing is decided before a sign-in.
 */
export function mailChannel(options: MailChannelOptions): Channel {
  const { name, from, tenants, groups = "all", events, limits } = options;
  return {
    name,
    kind: "email",
    target: from,
    capabilities: { ...SHOW_ONLY, thread: true },
    personal: true,
    tenants,
    groups,
    events,
    limits,
    retryDelays: CHAT_RETRY_DELAYS,
    deliver: async (delivery) => {
      await deliver(options, delivery);
      return {};
    },
  };
}

async function deliver(options: MailChannelOptions, delivery: Delivery): Promise<void> {
  const { recipients, log, collect } = options;
  const action = { tenant: delivery.tenant, actionId: delivery.render().actionId };
  const sent = await log.sentAbout(action);
  const told = new Set(sent.map(({ personId }) => personId));
  // Of this event, in an attempt that failed for others, or of a later one already.
  const shows = (mail: SentMail): boolean => mail.eventId === delivery.event.id || mail.version >= delivery.event.streamVersion;
  const done = new Set(sent.filter(shows).map(({ personId }) => personId));
  const asked = delivery.undecided ? await recipients.asked(delivery) : [];
  const fresh = asked.filter(({ personId }) => !told.has(personId));
  const before = await Promise.all([...told].map((personId) => recipients.known(delivery.tenant, personId)));
  const old = before.filter((person) => person !== undefined);
  const collected = fresh.length > 0 && collect !== undefined && (await collect(delivery, fresh));
  const reminded = await onlyClaimant(recipients, delivery, [...(collected ? [] : fresh), ...old]);
  const people = reminded.filter(({ personId }) => !done.has(personId));
  await sendAll(options, delivery, people, sent);
  if (delivery.event.type === "ReviewOpened" && told.size === 0 && fresh.length === 0)
    throw new TerminalDeliveryError("the directory knows no mail address of anybody whom this review asks");
}

/** While somebody is looking at it, nobody else is reminded. */
async function onlyClaimant(
  find: FindRecipients,
  { tenant, claimant }: Delivery,
  people: readonly Recipient[],
): Promise<readonly Recipient[]> {
  if (claimant === undefined) return people;
  const reminded = await find.behind(tenant, claimant);
  return people.filter(({ personId }) => personId === reminded?.personId);
}

/** Whom a server refuses for good is left out; the rest gets its mail. Fails only when nobody could be reached. */
async function sendAll(
  options: MailChannelOptions,
  delivery: Delivery,
  people: readonly Recipient[],
  sent: readonly SentMail[],
): Promise<void> {
  let reached = 0;
  let refusal: TerminalDeliveryError | undefined;
  for (const person of people) {
    try {
      await send(options, delivery, person, sent);
      reached += 1;
    } catch (error) {
      if (!(error instanceof TerminalDeliveryError)) throw error;
      refusal = error;
      options.logger.warn({ err: error, channel: options.name, person: person.personId }, "a mail was refused for good");
    }
  }
  if (reached === 0 && refusal !== undefined) throw refusal;
}

async function send(options: MailChannelOptions, delivery: Delivery, person: Recipient, sent: readonly SentMail[]): Promise<void> {
  const { name, from, links, log, server } = options;
  const { tenant, event, render } = delivery;
  const { personId, address } = person;
  const { actionId, version } = render();
  const thread = sent.find((mail) => mail.personId === personId)?.messageId;
  const messageId = messageIdOf([name, event.id, personId], from);
  const url = links?.urlOf({ tenant, actionId, personId });
  await server.send({ ...mailText(render, url, event.type, thread !== undefined), from, to: address, messageId, thread });
  await log.record({ tenant, actionId }, { personId, eventId: event.id, messageId, version });
}

/** The same in every attempt: mail servers and programs drop a second message of the same id. */
export function messageIdOf(parts: readonly string[], from: string): string {
  const domain = from.slice(from.lastIndexOf("@") + 1);
  return `<${createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 40)}@${domain}>`;
}
