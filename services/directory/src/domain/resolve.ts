import { delegationsOf } from "./decide-delegations.ts";
import { accountsOf, groupNames, onlyOne, personOf, principalsOf, type Directory, type Person, type SignInRule } from "./directory.ts";
import { accountKey, emailOf, nameOf, teamsOf, type Account, type PrincipalName } from "./profile.ts";

/** One way to name somebody. */
export type Who = { readonly principal: PrincipalName } | { readonly account: Account } | { readonly personId: string };

/** Who has a shift: by id, after whoever keeps the schedule named them. */
export type Shifts = ReadonlyMap<string, ReadonlySet<string>>;

/** What the answer depends on beside the directory. */
export type Moment = {
  readonly atMs: number;
  readonly rules: readonly SignInRule[];
  readonly reviewerGroups: readonly string[];
  readonly shifts: Shifts;
};

/** In whose place somebody may decide; `groups` is empty where all are covered, `effectiveGroups` are those that count. */
export type StandIn = {
  readonly personId: string;
  readonly groups: readonly string[];
  readonly untilMs: number;
  readonly principals: readonly PrincipalName[];
  readonly effectiveGroups: readonly string[];
};

/** A person at a moment, as others need to know it. */
export type PersonView = {
  readonly id: string;
  readonly displayName: string;
  readonly active: boolean;
  readonly groups: readonly string[];
  readonly teams: readonly string[];
  readonly principals: readonly PrincipalName[];
  readonly accounts: readonly Account[];
  readonly email: string;
  readonly managerId: string;
  readonly onCall: readonly string[];
  readonly standsInFor: readonly StandIn[];
  readonly away: boolean;
  readonly roles: readonly string[];
};

/** Who this is; undefined: nobody, or nobody in particular. */
export function find(directory: Directory, who: Who, rules: readonly SignInRule[]): Person | undefined {
  if ("principal" in who) return personOf(directory, who.principal, rules);
  const id = "personId" in who ? who.personId : onlyOne(directory.byAccount.find(accountKey(who.account)));
  return id === undefined ? undefined : directory.people.get(id);
}

/** The person with everything that depends on the moment: groups, on call, stand-ins. */
export function viewOf(directory: Directory, person: Person, moment: Moment): PersonView {
  const { id, active, profile } = person;
  const groups = groupNames(directory, id);
  return {
    id,
    active,
    displayName: nameOf(profile),
    groups,
    teams: teamsOf(profile),
    principals: principalsOf(directory, person, moment.rules),
    accounts: accountsOf(person),
    email: emailOf(profile),
    managerId: directory.people.has(profile.managerId) ? profile.managerId : "",
    onCall: [...moment.shifts].filter(([, people]) => people.has(id)).map(([schedule]) => schedule),
    standsInFor: standsInFor(directory, person, moment),
    away: isAway(person, moment.atMs),
    roles: groups.some((name) => moment.reviewerGroups.includes(name)) ? ["reviewer"] : [],
  };
}

/** Who is looked for: the union of these. Groups by name. */
export type Wanted = { readonly groups: readonly string[]; readonly schedules: readonly string[]; readonly personIds: readonly string[] };

/** Every principal of those whom somebody manages. */
export type Reports = {
  readonly own: readonly PrincipalName[];
  /** By the person who is stood in for in everything. */ readonly inPlaceOf: ReadonlyMap<string, readonly PrincipalName[]>;
};

/** Whom a person manages, and whom those manage for whom it stands in entirely: every principal of theirs. */
export function reportsOf(directory: Directory, { id, standsInFor: places }: PersonView, rules: readonly SignInRule[]): Reports {
  const of = (managerId: string): readonly PrincipalName[] =>
    [...directory.byManager.find(managerId)].flatMap((report) => {
      const person = directory.people.get(report);
      return person === undefined ? [] : principalsOf(directory, person, rules);
    });
  const entirely = places.filter(({ groups }) => groups.length === 0);
  return { own: of(id), inPlaceOf: new Map(entirely.map(({ personId }) => [personId, of(personId)])) };
}

/** Ids of a group's members, also of those who are switched off. */
export function membersOf(directory: Directory, group: string): readonly string[] {
  return [...(directory.groups.get(directory.groupByName.get(group) ?? "")?.members ?? [])];
}

export function isActive(directory: Directory, personId: string): boolean {
  return directory.people.get(personId)?.active === true;
}

/** Everybody who is wanted, each once and by id, and after them whoever stands in for one of them. */
export function reviewers(directory: Directory, wanted: Wanted, moment: Moment): readonly Person[] {
  const ids = new Set(wanted.personIds);
  for (const name of wanted.groups) for (const id of membersOf(directory, name)) ids.add(id);
  for (const schedule of wanted.schedules) for (const id of moment.shifts.get(schedule) ?? []) ids.add(id);
  const asked = [...ids].toSorted();
  for (const id of asked) for (const standIn of standInsOf(directory, id, moment.atMs)) ids.add(standIn);
  return [...ids].flatMap((id) => directory.people.get(id) ?? []).filter(({ active }) => active);
}

type Live = { readonly personId: string; readonly groupIds: readonly string[]; readonly untilMs: number };

/**
 * In whose place a person may decide. Only by what that person is itself: what it holds by a delegation is not in here, so that nothing is
 * passed on. And only while that person is switched on: whoever left has nothing to give.
 */
function standsInFor(directory: Directory, { id }: Person, moment: Moment): readonly StandIn[] {
  const delegated = delegationsOf(directory.delegationsTo, directory, id)
    .filter((one) => !one.revoked && isDuring(one, moment.atMs))
    .map((one): Live => ({ personId: one.fromId, groupIds: one.groupIds, untilMs: one.untilMs }));
  const deputised = [...directory.byDeputy.find(id)].flatMap((personId): readonly Live[] => {
    const away = directory.people.get(personId)?.away;
    return away !== undefined && isDuring(away, moment.atMs) ? [{ personId, groupIds: [], untilMs: away.untilMs }] : [];
  });
  return [...delegated, ...deputised].flatMap((live) => toStandIn(directory, live, moment.rules) ?? []);
}

function toStandIn(directory: Directory, { personId, groupIds, untilMs }: Live, rules: readonly SignInRule[]): StandIn | undefined {
  const person = directory.people.get(personId);
  if (person === undefined || !person.active) return undefined;
  const own = groupNames(directory, personId);
  const covered = groupIds.flatMap((id) => directory.groups.get(id)?.name ?? []).toSorted();
  const effectiveGroups = groupIds.length === 0 ? own : covered.filter((name) => own.includes(name));
  // An empty list means all groups: a delegation whose groups are gone must not turn into that.
  if (groupIds.length > 0 && effectiveGroups.length === 0) return undefined;
  return { personId, groups: covered, untilMs, principals: principalsOf(directory, person, rules), effectiveGroups };
}

function standInsOf(directory: Directory, id: string, atMs: number): readonly string[] {
  const delegated = delegationsOf(directory.delegationsFrom, directory, id)
    .filter((one) => !one.revoked && isDuring(one, atMs))
    .map(({ toId }) => toId);
  const away = directory.people.get(id)?.away;
  return away !== undefined && isDuring(away, atMs) && away.deputyId !== "" ? [...delegated, away.deputyId] : delegated;
}

function isAway({ away }: Person, atMs: number): boolean {
  return away !== undefined && isDuring(away, atMs);
}

function isDuring({ fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number }, atMs: number): boolean {
  return fromMs <= atMs && atMs < untilMs;
}
