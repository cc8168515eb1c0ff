import { eventStreamName, feedSubject } from "./subjects.ts";

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
  /** It lists the notifiers that are programs of their own. */
  readonly listsNotifiers?: boolean;
};

/** Each service's user: its own subjects and no others. */
export const BUS_USERS = {
  approval: {
    serves: true,
    sends: { policy: ["Evaluate"], directory: ["ResolvePerson"] },
    hears: ["*"],
    wakes: true,
    relays: true,
  },
  audit: { serves: true, sends: { approval: ["GetGrantKeys"], directory: ["ResolvePerson"] }, hears: ["*"], wakes: true, relays: false },
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
  policy: { serves: true, sends: {}, hears: ["policy"], wakes: true, relays: false },
} as const satisfies Readonly<Record<string, BusUser>>;

export type BusUserName = keyof typeof BUS_USERS;

/** First token of the subjects, and the ledgers that are copied. */
export type BusLayout = { readonly prefix: string; readonly ledgers: readonly string[] };

/** Subjects that a user may publish to and subscribe to. */
export type SubjectRights = { readonly publish: readonly string[]; readonly subscribe: readonly string[] };

/**
 * The subjects of a service's user. Replies to what it was asked are allowed by `allow_responses`; its own come to an inbox that nobody else may
 * listen to, since they carry grant tokens.
 */
export function subjectRights(name: BusUserName, { prefix, ledgers }: BusLayout): SubjectRights {
  const { serves, sends, hears, wakes, relays, listsNotifiers = false }: BusUser = BUS_USERS[name];
  return {
    publish: [
      "$JS.API.INFO",
      ...Object.entries(sends).flatMap(([service, methods]) => methods.map((method) => `${prefix}.cmd.${service}.${method}`)),
      ...(wakes ? [`${prefix}.wake.*`] : []),
      ...(relays ? [`${prefix}.evt.>`, ...relayApi(prefix, ledgers)] : []),
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

/** Where replies to a user come. */
export function inboxPrefix(name: string): string {
  return `_INBOX.${name}`;
}

/** The JetStream API, for the streams of this deployment. */
function relayApi(prefix: string, ledgers: readonly string[]): readonly string[] {
  const streams = ledgers.map((ledger) => eventStreamName(prefix, ledger));
  return streams.flatMap((stream) => ["CREATE", "UPDATE", "INFO", "DELETE", "MSG.GET"].map((call) => `$JS.API.STREAM.${call}.${stream}`));
}

/** A notifier that is a program of its own: it hears of one tenant's actions, through a durable consumer that is its own. */
export type NotifierProgram = { readonly name: string; readonly tenant: string; readonly ledger: string };

/** Name of its durable consumer. */
export function notifierDurable(name: string): string {
  return `notifier-${name}`;
}

/**
 * The subjects of a notifier program. The consumer's filter is part of the subject that makes it, so it cannot be made to hear more; it sends no command and
 * sees no reply but its own.
 */
export function notifierProgramRights({ name, tenant, ledger }: NotifierProgram, prefix: string): SubjectRights {
  const [stream, durable] = [eventStreamName(prefix, ledger), notifierDurable(name)];
  return {
    publish: [
      `$JS.API.CONSUMER.CREATE.${stream}.${durable}.${feedSubject(prefix, ledger, { tenant, streamType: "action" })}`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
      `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
      `$JS.ACK.${stream}.${durable}.>`,
    ],
    subscribe: [`${inboxPrefix(durable)}.>`],
  };
}

/**
 * The `authorization` block of a nats-server configuration: a user per service, and one that may do what all of them may, for the layout in which
 * they share a process.
 * @param passwords of each user, as they are to stand in the file: in the clear, as `nats server passwd` makes them (bcrypt), or the name of a
 * variable of the server's environment (`$NATS_PASSWORD_POLICY`).
 * @param programs notifiers that are programs of their own; each gets a user `notifier-<name>`.
 */
export function natsAuthorization(
  layout: BusLayout,
  passwords: Readonly<Record<BusUserName | "countersign", string>>,
  programs: readonly (NotifierProgram & { readonly password: string })[] = [],
): string {
  const { prefix } = layout;
  const names = Object.keys(BUS_USERS).filter(isBusUser);
  const users = names.map((name) => userBlock(name, passwords[name], subjectRights(name, layout)));
  const rights = names.map((name) => subjectRights(name, layout));
  const all = {
    publish: [...new Set(rights.flatMap(({ publish }) => publish))],
    subscribe: [...new Set([`${inboxPrefix("countersign")}.>`, `${prefix}.cmd.>`, `${prefix}.evt.>`, `${prefix}.wake.*`])],
  };
  const own = programs.map((program) => userBlock(notifierDurable(program.name), program.password, notifierProgramRights(program, prefix)));
  return `authorization {\n  users = [\n${[...users, userBlock("countersign", passwords.countersign, all), ...own].join("")}  ]\n}\n`;
}

function isBusUser(name: string): name is BusUserName {
  return Object.hasOwn(BUS_USERS, name);
}

function userBlock(name: string, password: string, { publish, subscribe }: SubjectRights): string {
  const list = (subjects: readonly string[]): string => subjects.map((subject) => `          ${JSON.stringify(subject)}\n`).join("");
  return `    {
      user: ${name}
      password: ${password.startsWith("$NATS_") ? password : JSON.stringify(password)}
      permissions {
        publish = [
${list(publish)}        ]
        subscribe = [
${list(subscribe)}        ]
        allow_responses = { max: 1, expires: "2m" }
      }
    }
`;
}
