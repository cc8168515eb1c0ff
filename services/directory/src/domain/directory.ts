import type { AwayPeriod } from "./events.ts";
import { Index } from "./index-of-people.ts";
import {
  accountKey,
  charactersIn,
  namesKept,
  NO_PROFILE,
  principalKey,
  type Account,
  type PrincipalName,
  type Profile,
} from "./profile.ts";

/** When something came and last changed, by the log. */
export type Dated = {
  readonly createdMs: number;
  readonly changedMs: number;
  /** Of the directory, at the change. */ readonly version: number;
};

export type Person = Dated & {
  readonly id: string;
  readonly active: boolean;
  readonly profile: Profile;
  /** Accounts that the person linked itself. */
  readonly linked: readonly Account[];
  readonly away: AwayPeriod | undefined;
  /** Profiles by which it signed in before, under other names. */
  readonly former: readonly Names[];
};

/** By what a profile signs in. */
type Names = Pick<Profile, "userName" | "externalId" | "principals">;

export type Group = Dated & { readonly id: string; readonly name: string; readonly externalId: string; readonly members: Set<string> };

export type Delegation = {
  readonly id: string;
  readonly fromId: string;
  readonly toId: string;
  readonly groupIds: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
  readonly revoked: boolean;
};

export type LinkOffer = {
  readonly account: Account;
  readonly expiresMs: number;
  /** What the channel calls it, encrypted with the code. */
  readonly sealedNames: string;
};

/**
 * A tenant's people, groups, delegations and links: the fold of its directory stream, with what finds them fast. It is changed in place, by
 * `evolve` alone: copying tens of thousands of people for each event would make a rebuild quadratic.
 */
export class Directory {
  /** Of the stream, as far as it is folded. */
  version = 0;
  /** Of all profiles, with those of before and of removed people. */
  characters = 0;
  /** Of all groups together. */
  memberships = 0;
  readonly people = new Map<string, Person>();
  readonly groups = new Map<string, Group>();
  readonly delegations = new Map<string, Delegation>();
  /** Codes that are out, by digest. */
  readonly offers = new Map<string, LinkOffer>();
  /** Codes that were used, and for what: whoever did not hear that it worked may bring one again. */
  readonly usedOffers = new Map<string, { readonly personId: string; readonly account: Account; readonly usedMs: number }>();
  /** Names differ by more than case (RFC 7643, 4.1.1). */
  readonly byUserName = new Index<Person>(({ profile }) => keys(profile.userName.toLowerCase()));
  readonly byExternalId = new Index<Person>(({ profile }) => keys(profile.externalId));
  readonly byPrincipal = new Index<Person>(({ profile }) => profile.principals.map(principalKey));
  /** By names that it had before, as `tracesOf` has them. */
  readonly byFormerName = new Index<Person>(({ former }) => tracesOf({ profile: NO_PROFILE, former }));
  readonly byAccount = new Index<Person>((person) => accountsOf(person).map(accountKey));
  readonly byManager = new Index<Person>(({ profile }) => keys(profile.managerId));
  readonly byDeputy = new Index<Person>(({ away }) => keys(away?.deputyId ?? ""));
  /** Who is switched off, by address: another record with it is taken for the same human. */
  readonly switchedOff = new Index<Person>(({ active, profile }) => (active ? [] : addressesOf(profile)));
  /** Who was removed, by all that it could come again under. */
  readonly byTrace = new Index<Person>(tracesOf);
  readonly removed = new Map<string, Person>();
  readonly groupByName = new Map<string, string>();
  readonly groupsOf = new Map<string, Set<string>>();
  readonly delegationsTo = new Map<string, Set<string>>();
  readonly delegationsFrom = new Map<string, Set<string>>();

  /** Puts a person in the place of what was known of it; `undefined` takes it out. */
  setPerson(id: string, next: Person | undefined): void {
    const before = this.people.get(id);
    const { byUserName, byExternalId, byPrincipal, byFormerName, byAccount, byManager, byDeputy, switchedOff } = this;
    const names = [byUserName, byExternalId, byPrincipal, byFormerName];
    for (const index of [...names, byAccount, byManager, byDeputy, switchedOff]) index.move(id, before, next);
    this.characters += (next === undefined ? 0 : charactersOf(next)) - (before === undefined ? 0 : charactersOf(before));
    if (next === undefined) this.people.delete(id);
    else this.people.set(id, next);
  }

  /** Remembers who was removed; `undefined` forgets it, when it is there again or its names are erased. */
  setRemoved(id: string, next: Person | undefined): void {
    const before = this.removed.get(id);
    this.byTrace.move(id, before, next);
    this.characters += (next === undefined ? 0 : charactersOf(next)) - (before === undefined ? 0 : charactersOf(before));
    if (next === undefined) this.removed.delete(id);
    else this.removed.set(id, next);
  }
}

/** What is kept of a person, with its names of before. */
export function charactersOf(person: Pick<Person, "profile" | "former">): number {
  return charactersIn(person.profile) + person.former.reduce((sum, names) => sum + namesKept(names), 0);
}

/** Not revoked, and not over. */
export function isLive({ revoked, untilMs }: Delegation, nowMs: number): boolean {
  return !revoked && untilMs > nowMs;
}

/** By what a human who was removed is known again: what the provider, mail and other issuers call it. One that is reused errs towards fewer votes. */
export function tracesOf({ profile, former }: Pick<Person, "profile" | "former">): readonly string[] {
  const names = [profile, ...former].flatMap(({ userName, externalId, principals }) => [
    ...(userName === "" ? [] : [`name ${userName.toLowerCase()}`]),
    ...addressesOf({ emails: [], userName }).map((address) => `mail ${address}`),
    ...(externalId === "" ? [] : [`external ${externalId}`]),
    ...principals.map((principal) => `principal ${principalKey(principal)}`),
  ]);
  return [...new Set([...names, ...addressesOf(profile).map((address) => `mail ${address}`)])];
}

/** Many are named by their address. */
function addressesOf({ emails, userName }: Pick<Profile, "emails" | "userName">): readonly string[] {
  const all = emails.map(({ value }) => value);
  return (userName.includes("@") ? [...all, userName] : all).map((text) => text.toLowerCase());
}

/** Everybody who was removed and may be the human of this profile, the last one first. */
export function removedLike(directory: Directory, profile: Profile): readonly Person[] {
  const ids = new Set(tracesOf({ profile, former: [] }).flatMap((trace) => [...directory.byTrace.find(trace)]));
  return [...ids].flatMap((id) => directory.removed.get(id) ?? []).toSorted((one, other) => other.version - one.version);
}

/** Linked by the person, or named by the identity provider. */
export function accountsOf({ linked, profile }: Pick<Person, "linked" | "profile">): readonly Account[] {
  const all = [...profile.accounts, ...linked];
  return all.filter((account, index) => all.findIndex((other) => accountKey(other) === accountKey(account)) === index);
}

/** One principal, one human: two people who claim it are nobody. */
export function onlyOne(ids: ReadonlySet<string>): string | undefined {
  const [id] = ids;
  return ids.size === 1 ? id : undefined;
}

/** The person of that id, or of that user name. */
export function findPerson(directory: Directory, name: string): Person | undefined {
  const id = directory.people.has(name) ? name : onlyOne(directory.byUserName.find(name.toLowerCase()));
  return id === undefined ? undefined : directory.people.get(id);
}

/** Names of the groups that a person is in now. */
export function groupNames(directory: Directory, personId: string): readonly string[] {
  return [...(directory.groupsOf.get(personId) ?? [])].flatMap((id) => directory.groups.get(id)?.name ?? []).toSorted();
}

/** Which attribute of a person is its id at an issuer. */
export type SignInRule = { readonly issuer: string; readonly by: "userName" | "externalId" };

/** The one person who signs in so: by a principal of its profile, or by the issuer's rule. */
export function personOf(directory: Directory, principal: PrincipalName, rules: readonly SignInRule[]): Person | undefined {
  const found = new Set(directory.byPrincipal.find(principalKey(principal)));
  for (const { issuer, by } of rules) {
    if (issuer !== principal.issuer) continue;
    const candidates =
      by === "userName" ? directory.byUserName.find(principal.id.toLowerCase()) : directory.byExternalId.find(principal.id);
    // An issuer's ids differ by case: only the very same one counts.
    for (const id of candidates) if (directory.people.get(id)?.profile[by] === principal.id) found.add(id);
  }
  const id = onlyOne(found);
  return id === undefined ? undefined : directory.people.get(id);
}

/**
 * Whether this is, or was, how anybody here signs in: also two people at once, who are nobody then, a name of before, and whoever was removed. What it
 * caused is then kept from whoever it was, as `principalsOf` has them; of any other account nobody can say whose it is.
 */
export function isKnown(directory: Directory, principal: PrincipalName, rules: readonly SignInRule[]): boolean {
  const { byPrincipal, byUserName, byExternalId, byFormerName, byTrace } = directory;
  const { issuer, id } = principal;
  const traces = [`name ${id.toLowerCase()}`, `external ${id}`, `principal ${principalKey(principal)}`];
  const now = [byPrincipal.find(principalKey(principal)), byUserName.find(id.toLowerCase()), byExternalId.find(id)];
  const ids = [...now, ...traces.flatMap((trace) => [byFormerName.find(trace), byTrace.find(trace)])].flatMap((found) => [...found]);
  const people = ids.flatMap((person) => directory.people.get(person) ?? directory.removed.get(person) ?? []);
  const names = people.flatMap(({ profile, former }) => [profile, ...former]);
  return names.some((name) => namesBy(name, rules).some((one) => one.issuer === issuer && one.id === id));
}

/**
 * Everything that a person signs in with, and after it what it signed in with before, and whoever is switched off and has its address, and
 * nobody else does now: under a new name, or as a new record, nobody approves what it asked for under the old one.
 */
export function principalsOf(
  directory: Directory,
  { id, profile, former }: Person,
  rules: readonly SignInRule[],
): readonly PrincipalName[] {
  const now = namesBy(profile, rules);
  const same = addressesOf(profile).flatMap((address) => [...directory.switchedOff.find(address)]);
  const twins = same.flatMap((twin) => directory.people.get(twin) ?? []);
  const before = [...former, ...twins.flatMap((twin) => [twin.profile, ...twin.former])].flatMap((names) => namesBy(names, rules));
  const isFree = (one: PrincipalName): boolean => {
    const holder = personOf(directory, one, rules);
    return holder === undefined || holder.id === id || !holder.active;
  };
  const all = [...now, ...before.filter(isFree)];
  return all.filter((one, index) => all.findIndex((other) => principalKey(other) === principalKey(one)) === index);
}

function namesBy(names: Names, rules: readonly SignInRule[]): readonly PrincipalName[] {
  return [...rules.flatMap(({ issuer, by }) => (names[by] === "" ? [] : [{ issuer, id: names[by] }])), ...names.principals];
}

function keys(text: string): readonly string[] {
  return text === "" ? [] : [text];
}
