/** Where in a report something is shown. */
export type Section =
  | "volumes"
  | "people"
  | "break_glass"
  | "refusals"
  | "policy"
  | "access"
  | "exceptions"
  | "alarms"
  | "handed_out"
  | "log";

type Kind = { readonly sections: readonly Section[]; readonly text: string };

const kind = (text: string, ...sections: readonly Section[]): Kind => ({ sections, text });

/** Everything that a report counts. */
export const KINDS = {
  requested: kind("actions asked for", "volumes"),
  joined: kind("asked for again while people were looking at it, by requester", "volumes"),
  allowed: kind("allowed by policy alone", "volumes"),
  denied: kind("denied by policy", "volumes"),
  sent_to_people: kind("sent to people by policy", "volumes"),
  approved: kind("approved by people", "volumes"),
  rejected: kind("rejected by people", "volumes"),
  cancelled: kind("taken back by their requesters", "volumes"),
  expired: kind("expired: nobody decided in time", "volumes", "exceptions"),
  granted: kind("grants issued", "volumes"),
  redeemed: kind("grants used", "volumes"),
  grant_expired: kind("grants that ran out unused", "volumes", "exceptions"),
  grant_revoked: kind("grants taken back unused", "volumes", "exceptions"),
  succeeded: kind("executions reported as succeeded", "volumes"),
  failed: kind("executions reported as failed", "volumes", "exceptions"),

  vote_approved: kind("yes, by person and action", "people"),
  vote_rejected: kind("no, by person and action", "people"),
  vote_hasty: kind("votes that came sooner than anybody can read, by person", "people", "exceptions"),
  edited: kind("edits, by person and action", "people"),
  vote_lapsed: kind("votes that stopped counting", "people"),

  break_glass_used: kind("break-glass: approved by one person alone, against the quorum of policy", "break_glass", "exceptions"),
  break_glass_reviewed: kind("break-glass: looked at afterwards by another person", "break_glass"),
  break_glass_open: kind("break-glass: nobody has looked at it by the end of the period", "break_glass", "exceptions"),

  self_approval_refused: kind("attempts to decide on what one has caused", "refusals"),
  not_human_refused: kind("attempts of programs to review", "refusals"),
  other_refused: kind("votes refused for who spoke, by reason", "refusals"),

  policy_changed: kind("changes of policy, by person and step", "policy"),
  access_changed: kind("changes of people, groups, accounts and stand-ins", "access"),

  unreported: kind("grants that were used, and no report came", "alarms", "exceptions"),
  reported_unredeemed: kind("FLAW: a report of an execution whose grant was not used", "alarms"),
  output_differs: kind("a second report names another output than the first", "alarms"),
  used_after_end: kind("FLAW: a grant was used after it was taken back or had run out", "alarms"),
  redeemed_twice: kind("FLAW: a grant was used twice", "alarms"),

  given_up: kind("events that an operator gave up on", "exceptions"),
  exported: kind("exports handed out", "handed_out"),
  erased: kind("contents erased", "handed_out"),
  recorded: kind("events recorded, each sealed in the log", "log"),
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof KINDS;

/** Kinds that are something to look into at once. */
export const ALARMS = [
  "unreported",
  "reported_unredeemed",
  "output_differs",
  "used_after_end",
  "redeemed_twice",
] as const satisfies readonly KindName[];
