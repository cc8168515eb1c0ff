import type { ActionInput } from "@countersign/client";

/** What is to happen to an action. */
export type Kind = keyof typeof SHARES;

/** An action that somebody means to have done. */
export type Intent = {
  /** Unique; the id of the resource, so that the log names it too. */
  readonly id: string;
  readonly kind: Kind;
  readonly input: ActionInput;
  /** Voters and redeemers come several at the same moment. */
  readonly racing: boolean;
  /** People claim the review and write on it while it is decided. */
  readonly talks: boolean;
};

/** The next action of a run; the random numbers fix what it is. `brief`: none that waits for a deadline. */
export function planAction(id: string, random: () => number, brief = false): Intent {
  const kind = kindAt(random() * (brief ? BRIEF : 1));
  const { type, ...name } = SCENES[kind];
  const input = { ...name, resource: { type, id }, context: { environment: "production" } };
  return { id, kind, input, racing: random() < 0.5, talks: random() < 0.5 };
}

/** What is asked for, with a reviewer's changes to it. */
export function edited(input: ActionInput): ActionInput {
  return { ...input, action: { ...input.action, properties: EDITED } };
}

/** What a reviewer makes of an export. */
export const EDITED = { table: "customers", limit: 50 };

const AGENT = { type: "agent", id: "crm-agent" } as const;
const EXPORT = { subject: AGENT, action: { name: "db.export", properties: { table: "customers", limit: 100 } }, type: "table" } as const;

const SCENES = {
  allowed: { subject: AGENT, action: { name: "db.tag.update", properties: { customer: 7, tag: "vip" } }, type: "database" },
  denied: { subject: AGENT, action: { name: "db.drop", properties: { table: "customers" } }, type: "database" },
  approved: EXPORT,
  "approved by two": { subject: { type: "service", id: "ci-runner" }, action: { name: "secrets.rotate", properties: {} }, type: "secret" },
  rejected: EXPORT,
  edited: EXPORT,
  cancelled: EXPORT,
  emergency: { subject: AGENT, action: { name: "db.restore", properties: { table: "customers" } }, type: "database" },
  "at the last moment": { subject: AGENT, action: { name: "cache.flush", properties: {} }, type: "cache" },
  unanswered: { subject: AGENT, action: { name: "queue.purge", properties: {} }, type: "queue" },
} as const;

/** Of a hundred. */
const SHARES = {
  allowed: 25,
  denied: 3,
  approved: 20,
  "approved by two": 12,
  rejected: 10,
  edited: 10,
  cancelled: 6,
  emergency: 6,
  "at the last moment": 5,
  unanswered: 3,
} as const satisfies Record<keyof typeof SCENES, number>;

/** The share of those that come before the two that wait. */
const BRIEF = 0.92;

function kindAt(share: number): Kind {
  let left = share * 100;
  for (const [kind, part] of Object.entries(SHARES)) {
    left -= part;
    if (left < 0) return kind as Kind;
  }
  return "allowed";
}
