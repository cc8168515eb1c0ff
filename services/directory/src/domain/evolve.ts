import { isLive, removedLike, type Directory, type Person } from "./directory.ts";
import type { DelegationGranted, DirectoryEvent, GroupChanged, LinkOffered, MembersChanged, PersonProvisioned } from "./events.ts";
import { accountKey, NO_PROFILE, principalKey, sameNames, type Profile } from "./profile.ts";

/** Takes the next event in, in place. Never refuses: the past is accepted. */
export function evolve(directory: Directory, event: DirectoryEvent, atMs: number): void {
  directory.version += 1;
  const person = (next: (before: Person) => Partial<Person>): void => {
    if ("personId" in event) changePerson(directory, event.personId, atMs, next);
  };
  switch (event.type) {
    case "PersonProvisioned":
      return addPerson(directory, event, atMs);
    case "PersonChanged":
      return person(({ profile, former }) => ({ profile: event.profile, former: formerOf(profile, event.profile, former) }));
    case "PersonDeactivated":
      endPlaces(directory, event.personId);
      return event.removed ? removePerson(directory, event.personId) : person(() => ({ active: false }));
    case "PersonErased":
      directory.setRemoved(event.personId, undefined);
      return person(() => ({ profile: NO_PROFILE, former: [] }));
    case "PersonReactivated":
      return person(() => ({ active: true }));
    case "AccountLinked":
      directory.offers.delete(event.codeDigest);
      directory.usedOffers.set(event.codeDigest, { personId: event.personId, account: event.account, usedMs: atMs });
      return person(({ linked }) => ({ linked: [...linked, event.account] }));
    case "AccountUnlinked":
      return person(({ linked }) => ({ linked: linked.filter((one) => accountKey(one) !== accountKey(event.account)) }));
    case "AwaySet":
      return person(() => ({ away: event.period }));
    case "LinkOffered":
      return addOffer(directory, event, atMs);
    case "GroupChanged":
      return putGroup(directory, event, atMs);
    case "GroupRemoved":
      return removeGroup(directory, event.groupId);
    case "MembersChanged":
      return changeMembers(directory, event, atMs);
    case "DelegationGranted":
      return addDelegation(directory, event, atMs);
    case "DelegationRevoked":
      return endDelegation(directory, event.delegationId);
  }
}

function addPerson(directory: Directory, { personId: id, profile, active }: PersonProvisioned, atMs: number): void {
  const dates = { createdMs: atMs, changedMs: atMs, version: directory.version };
  const before = removedLike(directory, profile);
  const former = formerOfRemoved(before, profile);
  for (const person of before) directory.setRemoved(person.id, undefined);
  directory.setPerson(id, { id, profile, active, linked: [], away: undefined, former, ...dates });
}

function changePerson(directory: Directory, id: string, atMs: number, next: (before: Person) => Partial<Person>): void {
  const before = directory.people.get(id);
  if (before !== undefined) directory.setPerson(id, { ...before, ...next(before), changedMs: atMs, version: directory.version });
}

/** Nobody has had more names; a provider that changes them back and forth must not fill the memory. */
const MOST_FORMER = 50;

/** By which names a person was known before, when it has this profile now. */
export function formerOf({ userName, externalId, principals }: Profile, now: Profile, former: Person["former"]): Person["former"] {
  const kept = principals.every((one) => now.principals.some((other) => principalKey(other) === principalKey(one)));
  if (kept && userName === now.userName && externalId === now.externalId) return former;
  const gone = { userName, externalId, principals };
  // Each once: going back and forth between two names pushes no third one out.
  return [...former.filter((one) => !sameNames(one, gone)).slice(1 - MOST_FORMER), gone];
}

/** The same of those who were removed and are taken for one who comes. */
export function formerOfRemoved(before: readonly Person[], now: Profile): Person["former"] {
  return before.flatMap((person) => formerOf(person.profile, now, person.former)).slice(-MOST_FORMER);
}

function removePerson(directory: Directory, id: string): void {
  const before = directory.people.get(id);
  if (before !== undefined) directory.setRemoved(id, { ...before, version: directory.version });
  directory.setPerson(id, undefined);
  for (const group of directory.groupsOf.get(id) ?? []) removeMember(directory, group, id);
  directory.groupsOf.delete(id);
}

/** Delegations and deputies that it gave and had. They do not come back with it: it may have been a thief who gave them. */
function endPlaces(directory: Directory, id: string): void {
  for (const ids of [directory.delegationsFrom.get(id), directory.delegationsTo.get(id)])
    for (const delegation of ids ?? []) endDelegation(directory, delegation);
  for (const absent of [id, ...directory.byDeputy.find(id)]) withoutDeputy(directory, absent);
}

function withoutDeputy(directory: Directory, id: string): void {
  const person = directory.people.get(id);
  if (person?.away !== undefined) directory.setPerson(id, { ...person, away: { ...person.away, deputyId: "" } });
}

/** Whoever did not hear that a code worked brings it again soon, or never. */
const USED_OFFER_MS = 86_400_000;

function addOffer(directory: Directory, { codeDigest, account, sealedNames, expiresMs }: LinkOffered, atMs: number): void {
  const { offers, usedOffers } = directory;
  for (const [digest, offer] of offers) if (offer.expiresMs <= atMs) offers.delete(digest);
  for (const [digest, { usedMs }] of usedOffers) if (usedMs + USED_OFFER_MS <= atMs) usedOffers.delete(digest);
  offers.set(codeDigest, { account, sealedNames, expiresMs });
}

function putGroup({ groups, groupByName, version }: Directory, { groupId: id, name, externalId }: GroupChanged, atMs: number): void {
  const before = groups.get(id);
  if (before !== undefined) groupByName.delete(before.name);
  groupByName.set(name, id);
  const { createdMs = atMs, members = new Set<string>() } = before ?? {};
  groups.set(id, { id, name, externalId, members, createdMs, changedMs: atMs, version });
}

function removeGroup(directory: Directory, groupId: string): void {
  const { groups, groupByName } = directory;
  const before = groups.get(groupId);
  if (before === undefined) return;
  for (const member of before.members) removeMember(directory, groupId, member);
  groupByName.delete(before.name);
  groups.delete(groupId);
}

function changeMembers(directory: Directory, { groupId, added, removed }: MembersChanged, atMs: number): void {
  const { groups, groupsOf, version } = directory;
  const before = groups.get(groupId);
  if (before === undefined) return;
  for (const id of added) {
    if (!before.members.has(id)) directory.memberships += 1;
    before.members.add(id);
    setOf(groupsOf, id).add(groupId);
  }
  for (const id of removed) removeMember(directory, groupId, id);
  groups.set(groupId, { ...before, changedMs: atMs, version });
}

function removeMember(directory: Directory, groupId: string, id: string): void {
  if (directory.groups.get(groupId)?.members.delete(id) === true) directory.memberships -= 1;
  directory.groupsOf.get(id)?.delete(groupId);
}

/** From so many on those that ended are known to the log only, the oldest ones first. */
const MOST_DELEGATIONS = 20_000;

function addDelegation(directory: Directory, event: DelegationGranted, atMs: number): void {
  const { delegations, delegationsTo, delegationsFrom } = directory;
  for (const one of delegations.values()) {
    if (delegations.size < MOST_DELEGATIONS) break;
    if (isLive(one, atMs)) continue;
    delegations.delete(one.id);
    delegationsTo.get(one.toId)?.delete(one.id);
    delegationsFrom.get(one.fromId)?.delete(one.id);
  }
  const { delegationId: id, fromId, toId, groupIds, fromMs, untilMs } = event;
  delegations.set(id, { id, fromId, toId, groupIds, fromMs, untilMs, revoked: false });
  setOf(delegationsTo, toId).add(id);
  setOf(delegationsFrom, fromId).add(id);
}

function endDelegation({ delegations }: Directory, id: string): void {
  const before = delegations.get(id);
  if (before !== undefined) delegations.set(id, { ...before, revoked: true });
}

function setOf(map: Map<string, Set<string>>, key: string): Set<string> {
  const set = map.get(key) ?? new Set<string>();
  map.set(key, set);
  return set;
}
