import { charactersOf, type Directory, isLive, removedLike } from "./directory.ts";
import type { DirectoryEvent } from "./events.ts";
import { formerOf, formerOfRemoved } from "./evolve.ts";

/** What one tenant may have at most; Infinity where there is no limit. */
export type DirectoryQuota = {
  /** Also removed ones, until they are erased: they are remembered, so that nobody comes again as a new human. */
  readonly people: number;
  readonly groups: number;
  /** Of all groups together. */
  readonly memberships: number;
  /** Those that have not ended. */
  readonly delegations: number;
};

export type QuotaRejection = "people_quota" | "profiles_quota" | "groups_quota" | "memberships_quota" | "delegations_quota";

/** On average: a profile may hold thirty times as much, and not everybody's. */
const CHARACTERS_PER_PERSON = 2000;

type Limit = {
  readonly rejection: QuotaRejection;
  readonly limit: number;
  readonly growth: (directory: Directory, event: DirectoryEvent) => number;
  readonly held: (directory: Directory, nowMs: number) => number;
};

/**
 * P8: tenants share the memory in which directories are folded. Which limit these events would go beyond; undefined: none. Nothing is refused that makes nothing grow:
 * whoever leaves is switched off however full it is.
 */
export function overQuota(
  directory: Directory,
  events: readonly DirectoryEvent[],
  quota: DirectoryQuota,
  nowMs: number,
): Pick<Limit, "rejection" | "limit"> | undefined {
  const over = limitsOf(quota).find(({ limit, growth, held }) => {
    const more = events.reduce((sum, event) => sum + growth(directory, event), 0);
    return more > 0 && held(directory, nowMs) + more > limit;
  });
  return over && { rejection: over.rejection, limit: over.limit };
}

/** Whether it takes somebody out, and nothing else: this is recorded also where what came with it is refused. */
export function takesAway(event: DirectoryEvent): boolean {
  if (event.type === "MembersChanged") return event.added.length === 0;
  return event.type === "PersonDeactivated" || event.type === "GroupRemoved";
}

function limitsOf({ people, groups, memberships, delegations }: DirectoryQuota): readonly Limit[] {
  return [
    { rejection: "people_quota", limit: people, growth: newPeople, held: (directory) => directory.people.size + directory.removed.size },
    { rejection: "profiles_quota", limit: people * CHARACTERS_PER_PERSON, growth: newCharacters, held: ({ characters }) => characters },
    { rejection: "groups_quota", limit: groups, growth: newGroups, held: (directory) => directory.groups.size },
    { rejection: "memberships_quota", limit: memberships, growth: newMembers, held: (directory) => directory.memberships },
    { rejection: "delegations_quota", limit: delegations, growth: newDelegations, held: liveDelegations },
  ];
}

/** Who comes again takes the place of those who were removed and may have been it. */
function newPeople(directory: Directory, event: DirectoryEvent): number {
  return event.type === "PersonProvisioned" ? 1 - removedLike(directory, event.profile).length : 0;
}

/** What a person was called before is kept as well; whoever comes again takes the place of what was remembered of it. */
function newCharacters(directory: Directory, event: DirectoryEvent): number {
  if (event.type === "PersonProvisioned") {
    const { profile } = event;
    const before = removedLike(directory, profile);
    return charactersOf({ profile, former: formerOfRemoved(before, profile) }) - before.reduce((sum, one) => sum + charactersOf(one), 0);
  }
  const before = event.type === "PersonChanged" ? directory.people.get(event.personId) : undefined;
  if (event.type !== "PersonChanged" || before === undefined) return 0;
  const { profile } = event;
  return charactersOf({ profile, former: formerOf(before.profile, profile, before.former) }) - charactersOf(before);
}

function newGroups({ groups }: Directory, event: DirectoryEvent): number {
  return event.type === "GroupChanged" && !groups.has(event.groupId) ? 1 : 0;
}

function newMembers(_directory: Directory, event: DirectoryEvent): number {
  return event.type === "MembersChanged" ? event.added.length - event.removed.length : 0;
}

function newDelegations(_directory: Directory, { type }: DirectoryEvent): number {
  return type === "DelegationGranted" ? 1 : 0;
}

function liveDelegations({ delegations }: Directory, nowMs: number): number {
  return [...delegations.values()].filter((one) => isLive(one, nowMs)).length;
}
