import { eventStreamName } from "./subjects.ts";

/** What one service may do on NATS. */
type BusUser = {
  /** It answers the commands of its own name. */
  readonly serves: boolean;
  /**
   * Commands that it sends: methods by service, `>` for all of them. A command's caller is whoever its sender says, so that only the front
   * door, which verified it, may send what people say of themselves. What notifier sends for people has methods of its own, which do not
   * believe it.
   */
  readonly sends: Readonly<Record<string, readonly string[]>>;
  /** Types of the streams whose events it hears; `*` for all. */
  readonly hears: readonly string[];
  /** It appends to the log: it says so to whoever relays. */
  readonly wakes: boolean;
  /** It copies the log to JetStream: the one publisher of events. */
  readonly relays: boolean;
  /** It asks how far the copy in JetStream reaches. */
  readonly measuresCopy?: boolean;
  /** It lists the notifiers that are programs of their own. */
  readonly listsNotifiers?: boolean;
};

/** Each service's user: its own subjects and no others. */
export const BUS_USERS = {
  approval: {
    serves: true,
    sends: { policy: ["Evaluate", "EvaluateAction"], directory: ["ResolvePerson"] },
    hears: ["*"],
    wakes: true,
    relays: true,
  },
  audit: {
    serves: true,
    sends: { approval: ["GetGrantKeys"], directory: ["ResolvePerson"], policy: ["EvaluateRecorded"] },
    hears: ["*"],
    wakes: true,
    relays: false,
    measuresCopy: true,
  },
  directory: { serves: true, sends: {}, hears: ["directory"], wakes: true, relays: false },
  gateway: {
    serves: false,
    sends: { approval: [">"], audit: [">"], directory: [">"], notifier: [">"], policy: [">"] },
    hears: ["*"],
    wakes: false,
    relays: false,
  },
  notifier: {
    serves: true,
    sends: {
      approval: ["DiscussFromChat", "GetActionForChannel", "GetReviewFromPage", "SubmitVoteFromChat", "SubmitVoteFromPage"],
      directory: ["ResolvePerson", "ListReviewers", "OfferLink"],
    },
    hears: ["*"],
    wakes: false,
    relays: false,
    listsNotifiers: true,
  },
  policy: { serves: true, sends: { directory: ["ResolvePerson", "ListReviewers"] }, hears: ["policy"], wakes: true, relays: false },
} as const satisfies Readonly<Record<string, BusUser>>;

export type BusUserName = keyof typeof BUS_USERS;

/** First token of the subjects, and the ledgers that are copied. */
export type BusLayout = { readonly prefix: string; readonly ledgers: readonly string[] };

/** Subjects that a user may publish to and subscribe to. */
export type SubjectRights = { readonly publish: readonly string[]; readonly subscribe: readonly string[] };

/**
 * The subjects of a service's user. Replies come to an inbox that nobody else may listen to, since they carry grant tokens, and only those that its
 * owner asks may publish to. Which reply it is stands in a subject that cannot be guessed (`natsCommands`). The server's own `allow_responses` would
 * be narrower, but it books every message with a reply subject, every event that is heard too: 7 ms of its CPU for each action.
 */
export function subjectRights(name: BusUserName, { prefix, ledgers }: BusLayout): SubjectRights {
  const { serves, sends, hears, wakes, relays, measuresCopy = false, listsNotifiers = false }: BusUser = BUS_USERS[name];
  return {
    publish: [
      "$JS.API.INFO",
      ...Object.entries(sends).flatMap(([service, methods]) => methods.map((method) => `${prefix}.cmd.${service}.${method}`)),
      ...askersOf(name).map((asker) => `${inboxPrefix(asker)}.>`),
      ...(wakes ? [`${prefix}.wake.*`] : []),
      ...(relays ? [`${prefix}.evt.>`, ...relayApi(prefix, ledgers)] : []),
      ...(measuresCopy ? ledgers.map((ledger) => `$JS.API.STREAM.INFO.${eventStreamName(prefix, ledger)}`) : []),
      ...(listsNotifiers ? ledgers.map((ledger) => `$JS.API.CONSUMER.LIST.${eventStreamName(prefix, ledger)}`) : []),
    ],
    subscribe: [
      `${inboxPrefix(name)}.>`,
      ...(serves ? [`${prefix}.cmd.${name}.>`] : []),
      ...hears.map((type) => `${prefix}.evt.*.*.${type}.*`),
      ...(relays ? [`${prefix}.wake.*`] : []),
    ],
  };
}

/** The users that send commands to this one. */
function askersOf(name: BusUserName): readonly BusUserName[] {
  return Object.keys(BUS_USERS)
    .filter(isBusUser)
    .filter((asker) => Object.hasOwn(BUS_USERS[asker].sends, name));
}

/** Where replies to a user come. */
export function inboxPrefix(name: string): string {
  return `_INBOX.${name}`;
}

/** The JetStream API, for the streams of this deployment. */
function relayApi(prefix: string, ledgers: readonly string[]): readonly string[] {
  const streams = ledgers.map((ledger) => eventStreamName(prefix, ledger));
  return streams.flatMap((stream) => [
    ...["CREATE", "UPDATE", "INFO", "DELETE", "MSG.GET"].map((call) => `$JS.API.STREAM.${call}.${stream}`),
    // It alone makes consumers: whoever makes one says where JetStream itself sends what it holds.
    ...["CREATE", "DURABLE.CREATE", "INFO", "DELETE"].map((call) => `$JS.API.CONSUMER.${call}.${stream}.>`),
  ]);
}

/** Whether a service has a user of this name. */
export function isBusUser(name: string): name is BusUserName {
  return Object.hasOwn(BUS_USERS, name);
}
