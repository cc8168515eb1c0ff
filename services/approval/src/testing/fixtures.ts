import type {
  AcceptEdit,
  BreakGlass,
  CastVote,
  CloseAfterReview,
  EditAction,
  GrantOffer,
  Judgement,
  RequestAction,
} from "../domain/commands.ts";
import type { ActionEvent } from "../domain/events.ts";
import type { Principal, PrincipalRef } from "../domain/principal.ts";
import { opening } from "../domain/escalation.ts";
import type { VoterNow } from "../domain/recount.ts";
import type { Stage } from "../domain/stage.ts";
import type { Standing } from "../domain/standing.ts";
import type { Haste, Hex, Verdict } from "../domain/values.ts";
import { given } from "./given.ts";

/** 2026-01-05T10:00:00Z. */
export const T0 = Date.UTC(2026, 0, 5, 10);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
/** When the commands below come, unless they say so. */
export const later = T0 + MINUTE;

export const hex = (byte: number): Hex => byte.toString(16).padStart(2, "0").repeat(32);

export const DIGEST = hex(0xd1);
export const EDITED_DIGEST = hex(0xd2);
export const INPUT = hex(0x11);
export const EDITED_INPUT = hex(0x12);
/** What was shown is what is shown now. */
export const SHOWN = { given: hex(0x61), now: hex(0x61) };
export const TOKEN_DIGEST = hex(0x70);
export const POLICY_DIGEST = hex(0x90);
export const ISSUER = "https://id.acme.example";

export function principal(id: string, more: Partial<Principal> = {}): Principal {
  return {
    tenant: "acme",
    type: "human",
    issuer: ISSUER,
    id,
    groups: [],
    roles: [],
    chain: [],
    owner: undefined,
    signIn: "session",
    ...more,
  };
}

export const ref = (id: string): PrincipalRef => ({ issuer: ISSUER, id });

export const sponsor = principal("sponsor", { groups: ["oncall", "managers"] });
export const owner = principal("owner", { groups: ["oncall", "managers"] });
export const exporter = principal("exporter", {
  type: "agent",
  roles: ["requester"],
  groups: ["oncall"],
  chain: [ref("sponsor")],
  owner: ref("owner"),
});
export const ann = principal("ann", { groups: ["oncall"], roles: ["reviewer"] });
export const bob = principal("bob", { groups: ["oncall", "managers"], roles: ["reviewer"] });
export const cid = principal("cid", { groups: ["managers"], roles: ["reviewer"] });

export const dan = principal("dan", { groups: ["oncall"], roles: ["reviewer"] });

/** A human as its token knows it. */
export function standing({ issuer, id, groups }: Principal, more: Partial<Standing> = {}): Standing {
  const known = { person: `${issuer}#${id}`, principals: [{ issuer, id }], groups, teams: [], onCall: [] };
  return { ...known, managesRequester: false, inPlaceOf: undefined, ...more };
}

export function voterNow(voter: Principal, ...standings: readonly Standing[]): VoterNow {
  return { reviewer: ref(voter.id), standings: standings.length === 0 ? [standing(voter)] : standings };
}

/** `count` of the members of these groups. */
export function stage(groups: readonly string[], count = 1, more: Partial<Stage> = {}): Stage {
  return {
    name: groups.join("-"),
    quorum: { kind: "at_least", count, of: groups.map((name) => ({ kind: "group", name })) },
    quorumText: `${count} of ${groups.join(", ")}`,
    distinctTeams: false,
    seconds: 3600,
    reminderSeconds: [],
    escalation: undefined,
    onTimeout: "deny",
    mode: "four_eyes",
    approveNeedsReason: false,
    leastSignIn: "any",
    ...more,
  };
}

export const TERMS = { editable: "", ownerMayApprove: false, breakGlass: undefined };

export function verdict(outcome: Verdict["outcome"], more: Partial<Verdict> = {}): Verdict {
  return {
    outcome,
    revision: 3,
    rule: `${outcome}-exports`,
    reasons: ["as written"],
    stages: outcome === "review" ? [stage(["oncall"])] : [],
    grantSeconds: outcome === "deny" ? 0 : 300,
    bindingContext: ["environment"],
    risk: [],
    terms: TERMS,
    ...more,
  };
}

/** Two of those on call have to agree. */
export const twoOnCall = verdict("review", { stages: [stage(["oncall"], 2)] });

export function offer(at: number, more: Partial<GrantOffer> = {}): GrantOffer {
  return { grantId: "grant-1", issuedAt: at, expiresAt: at + 300_000, keyId: "key-1", tokenDigest: TOKEN_DIGEST, ...more };
}

export function judgement(what: Verdict, at = T0, digest = DIGEST): Judgement {
  const judged = { verdict: what, policyDigest: POLICY_DIGEST, digest };
  return what.outcome === "allow" ? { ...judged, outcome: "allow", grant: offer(at) } : { ...judged, outcome: what.outcome };
}

export const operation = { subjectType: "agent", subjectId: "exporter", actionName: "db.export", resourceType: "db", resourceId: "crm" };

export function request(what: Judgement | undefined, more: Partial<RequestAction> = {}): RequestAction {
  return {
    type: "RequestAction",
    at: T0,
    requester: exporter,
    operation,
    input: INPUT,
    deadline: T0 + 24 * HOUR,
    judgement: what,
    strangers: [],
    ...more,
  };
}

export type Approve = Extract<CastVote, { decision: "approve" }>;

export function approveBy(reviewer: Principal, more: Partial<Omit<Approve, "type" | "decision">> = {}): Approve {
  const at = more.at ?? later;
  const ballot = { digest: DIGEST, version: 3, shown: SHOWN, reason: undefined, keyId: "key-1", signature: hex(0x51), readingSeconds: 0 };
  const known = { standings: [standing(reviewer)], strangers: [], voters: [ann, bob, cid, dan].map((voter) => voterNow(voter)) };
  return { type: "CastVote", reviewer, ...ballot, ...known, grant: offer(at), ...more, at, decision: "approve" };
}

export function rejectBy(reviewer: Principal, more: Partial<Omit<CastVote, "type" | "decision" | "grant">> = {}): CastVote {
  const ballot = { digest: DIGEST, version: 3, shown: SHOWN, reason: hex(0x21), keyId: "key-1", signature: hex(0x51), readingSeconds: 0 };
  const known = { standings: [standing(reviewer)], strangers: [] };
  return { type: "CastVote", at: later, reviewer, ...known, ...ballot, ...more, decision: "reject" };
}

export function breakGlassBy(reviewer: Principal, more: Partial<BreakGlass> = {}): BreakGlass {
  const at = more.at ?? later;
  const ballot = { digest: DIGEST, version: 3, shown: SHOWN, reason: hex(0x23), keyId: "key-1", signature: hex(0x51) };
  return { type: "BreakGlass", reviewer, standings: [standing(reviewer)], strangers: [], ...ballot, grant: offer(at), ...more, at };
}

export function closeBy(reviewer: Principal, more: Partial<CloseAfterReview> = {}): CloseAfterReview {
  const said = { finding: "justified", reason: hex(0x24) } as const;
  return { type: "CloseAfterReview", at: T0 + HOUR, reviewer, standings: [standing(reviewer)], strangers: [], ...said, ...more };
}

export function editBy(reviewer: Principal, what: Verdict, more: Partial<EditAction> = {}): EditAction {
  const at = more.at ?? later;
  const ballot = { digest: DIGEST, version: 3, shown: SHOWN, reason: hex(0x22), input: EDITED_INPUT };
  return {
    type: "EditAction",
    reviewer,
    standings: [standing(reviewer)],
    strangers: [],
    ...ballot,
    judgement: judgement(what, at, EDITED_DIGEST),
    ...more,
    at,
  };
}

export function acceptEdit(digest = EDITED_DIGEST, at = later, strangers: AcceptEdit["strangers"] = []): AcceptEdit {
  return { type: "AcceptEdit", at, caller: exporter, digest, grant: offer(at), strangers };
}

/** An edit, accepted by the requester. */
export function editedBy(history: readonly ActionEvent[], edit: EditAction): readonly ActionEvent[] {
  const edited = given(...history)
    .when(edit)
    .events();
  return given(...edited)
    .when(acceptEdit(edit.judgement.digest, edit.at))
    .events();
}

export const requested: Extract<ActionEvent, { type: "ActionRequested" }> = {
  type: "ActionRequested",
  at: T0,
  requester: exporter,
  operation,
  input: INPUT,
  deadline: T0 + 24 * HOUR,
};

export function reached(what: Verdict, at = T0, digest = DIGEST): ActionEvent {
  return { type: "VerdictReached", at, verdict: what, policyDigest: POLICY_DIGEST, digest };
}

export function opened(what: Verdict, at = T0, unknownCausers: readonly PrincipalRef[] = []): ActionEvent {
  return { type: "ReviewOpened", at, stages: what.stages, ...opening(what.stages[0], at), unknownCausers };
}

export function approved(at: number, digest = DIGEST): readonly [ActionEvent, ActionEvent] {
  return [
    { type: "ActionApproved", at, digest },
    { type: "GrantIssued", at, principal: ref("exporter"), digest, ...offer(at) },
  ];
}

export function cast(
  command: CastVote,
  index = 0,
  as: Standing | undefined = command.standings[0] ?? standing(command.reviewer),
  haste?: Haste,
): ActionEvent {
  const { at, reviewer, decision, digest, shown, reason, keyId, signature } = command;
  return {
    type: "VoteCast",
    at,
    reviewer,
    standing: as,
    decision,
    shownDigest: shown.given,
    digest,
    stage: index,
    reason,
    keyId,
    signature,
    haste,
  };
}

export const allowed: readonly ActionEvent[] = [requested, reached(verdict("allow")), ...approved(T0)];
export const redeemed: readonly ActionEvent[] = [
  ...allowed,
  { type: "GrantRedeemed", at: T0 + MINUTE, grantId: "grant-1", principal: ref("exporter"), reportDeadline: T0 + HOUR },
];

/** Version 3: requested, verdict reached, review opened. */
export function inReview(what: Verdict = verdict("review")): readonly ActionEvent[] {
  return [requested, reached(what), opened(what)];
}
