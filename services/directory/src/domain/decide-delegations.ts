import { rejected, type Decided, type Rejection } from "./decided.ts";
import { findPerson, isLive, type Delegation, type Directory, type Person } from "./directory.ts";
import type { DirectoryEvent } from "./events.ts";

const DAY_MS = 86_400_000;
/** Somebody decides in another's place for so long at most: after that it must be said again. */
const MAX_DELEGATION_MS = 30 * DAY_MS;
const MAX_AWAY_MS = 366 * DAY_MS;
const MAX_LIVE_DELEGATIONS = 20;
/** A delegation or an absence may be set so long ahead. */
const MAX_AHEAD_MS = 366 * DAY_MS;

type Period = { readonly fromMs: number; readonly untilMs: number };

export type GrantDelegation = Period & {
  readonly delegationId: string;
  readonly fromId: string;
  /** Id or user name. */
  readonly to: string;
  /** Names; empty: all. */
  readonly groups: readonly string[];
  readonly nowMs: number;
};

/** Somebody lets another person decide in its place, for 30 days at most and by groups of its own only. The same again changes nothing. */
export function grantDelegation(directory: Directory, command: GrantDelegation): Decided {
  const { delegationId, fromId, groups, fromMs, untilMs, nowMs } = command;
  const to = standIn(directory, fromId, command.to);
  if (typeof to === "string") return rejected(to);
  const period = periodProblem(command, nowMs, MAX_DELEGATION_MS);
  if (period !== undefined) return rejected(period);
  // By a group that one is not in, nobody can decide in one's place.
  const groupIds = groupIdsOf(directory, groups, directory.groupsOf.get(fromId) ?? new Set());
  if (groupIds === undefined) return rejected("not_in_group");
  const wanted = { fromId, toId: to.id, groupIds, fromMs, untilMs };
  if (findSame(directory, wanted) !== undefined) return { events: [] };
  const live = delegationsOf(directory.delegationsFrom, directory, fromId).filter((one) => isLive(one, nowMs));
  if (live.length >= MAX_LIVE_DELEGATIONS) return rejected("too_many");
  return { events: [{ type: "DelegationGranted", delegationId, ...wanted, cause: "person" }] };
}

/** The delegation that a repetition means: same people, same groups, same end. The start of "now" moves from call to call. */
export function findSame(
  directory: Directory,
  wanted: Pick<Delegation, "fromId" | "toId" | "groupIds" | "untilMs">,
): Delegation | undefined {
  return delegationsOf(directory.delegationsFrom, directory, wanted.fromId).find(
    ({ revoked, toId, untilMs, groupIds }) =>
      !revoked &&
      toId === wanted.toId &&
      untilMs === wanted.untilMs &&
      groupIds.length === wanted.groupIds.length &&
      groupIds.every((id, index) => id === wanted.groupIds[index]),
  );
}

/** Ids of groups by name, each once and in order; undefined for names that are none of these. */
export function groupIdsOf(directory: Directory, names: readonly string[], among: ReadonlySet<string>): readonly string[] | undefined {
  const ids = names.map((name) => directory.groupByName.get(name) ?? "");
  return ids.every((id) => among.has(id)) ? [...new Set(ids)].toSorted() : undefined;
}

/** By whoever gave it or has it; an operator may end any. */
export function revokeDelegation(
  directory: Directory,
  delegationId: string,
  by: { personId: string | undefined; operator: boolean },
): Decided {
  const delegation = directory.delegations.get(delegationId);
  const own = delegation !== undefined && by.personId !== undefined && [delegation.fromId, delegation.toId].includes(by.personId);
  // Whoever may not end it learns no more than that there is none.
  if (delegation === undefined || (!own && !by.operator)) return rejected("unknown_delegation");
  if (delegation.revoked) return { events: [] };
  return { events: [{ type: "DelegationRevoked", delegationId, cause: own ? "person" : "operator" }] };
}

export type SetAway = {
  readonly personId: string;
  readonly nowMs: number;
  readonly period: (Period & { readonly deputy: string }) | undefined;
};

/** Absent from then until then, with a deputy or nobody; without a period: back again. The same again changes nothing. */
export function setAway(directory: Directory, { personId, nowMs, period }: SetAway): Decided {
  const person = directory.people.get(personId);
  if (person === undefined) return rejected("not_in_directory");
  const away = (next: Extract<DirectoryEvent, { type: "AwaySet" }>["period"]): Decided => ({
    events: [{ type: "AwaySet", personId, period: next, cause: "person" }],
  });
  if (period === undefined) return person.away === undefined ? { events: [] } : away(undefined);
  const deputy = period.deputy === "" ? undefined : standIn(directory, personId, period.deputy);
  if (typeof deputy === "string") return rejected(deputy);
  const problem = periodProblem(period, nowMs, deputy === undefined ? MAX_AWAY_MS : MAX_DELEGATION_MS);
  if (problem !== undefined) return rejected(problem);
  const next = { fromMs: period.fromMs, untilMs: period.untilMs, deputyId: deputy?.id ?? "" };
  const { away: before } = person;
  return before?.untilMs === next.untilMs && before.deputyId === next.deputyId && before.fromMs <= next.fromMs
    ? { events: [] }
    : away(next);
}

/** Of a person, revoked and past ones included, by one of the two indexes: as who gave them, or as who has them. */
export function delegationsOf(
  index: ReadonlyMap<string, ReadonlySet<string>>,
  directory: Directory,
  personId: string,
): readonly Delegation[] {
  return [...(index.get(personId) ?? [])].flatMap((id) => directory.delegations.get(id) ?? []);
}

function standIn(directory: Directory, personId: string, name: string): Person | Rejection {
  const person = findPerson(directory, name);
  if (person === undefined || !person.active) return "unknown_stand_in";
  return person.id === personId ? "self_delegation" : person;
}

function periodProblem({ fromMs, untilMs }: Period, nowMs: number, longestMs: number): Rejection | undefined {
  if (untilMs <= fromMs || untilMs <= nowMs || fromMs > nowMs + MAX_AHEAD_MS) return "bad_period";
  return untilMs - fromMs > longestMs ? "too_long" : undefined;
}
