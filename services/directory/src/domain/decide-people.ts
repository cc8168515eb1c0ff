import { rejected, type Decided, type Rejection } from "./decided.ts";
import { removedLike, type Directory } from "./directory.ts";
import type { DirectoryEvent } from "./events.ts";
import { accountKey, principalKey, sameProfile, type Profile } from "./profile.ts";

/** What the identity provider says of a person. */
export type PersonDraft = { readonly profile: Profile; readonly active: boolean };

/** P3: who comes again is who it was: as a new human it could approve what it asked for before. It is given nothing back but its id. */
export function provisionPerson(directory: Directory, newId: string, { profile, active }: PersonDraft): Decided {
  const personId = removedLike(directory, profile)[0]?.id ?? newId;
  const taken = claimed(directory, personId, profile);
  return taken === undefined ? { events: [{ type: "PersonProvisioned", personId, profile, active, cause: "scim" }] } : rejected(taken);
}

/** The person is as the draft says from here on. */
export function changePerson(directory: Directory, personId: string, { profile, active }: PersonDraft): Decided {
  const person = directory.people.get(personId);
  if (person === undefined) return rejected("unknown_person");
  const taken = claimed(directory, personId, profile);
  if (taken !== undefined) return rejected(taken);
  const events: DirectoryEvent[] = [];
  // Off comes first and on comes last: no version of the directory has the old person on with the new profile.
  if (person.active && !active) events.push({ type: "PersonDeactivated", personId, removed: false, cause: "scim" });
  if (!sameProfile(person.profile, profile)) events.push({ type: "PersonChanged", personId, profile, cause: "scim" });
  if (!person.active && active) events.push({ type: "PersonReactivated", personId, cause: "scim" });
  return { events };
}

/** Switched off, and gone for the identity provider. The directory still knows it: whoever comes again is who it was. */
export function removePerson(directory: Directory, personId: string): Decided {
  if (!directory.people.has(personId)) return rejected("unknown_person");
  return { events: [{ type: "PersonDeactivated", personId, removed: true, cause: "scim" }] };
}

/** What is to be erased of a person: the profiles that are still kept, and why. */
export type PersonErasure = {
  readonly personId: string;
  readonly digests: readonly string[];
  readonly reason: string;
  readonly force: boolean;
};

/** An entry holds 64 KiB. */
const DIGESTS_PER_EVENT = 1000;

/** Takes every profile away; whoever is switched on signs in no more. */
export function erasePerson(directory: Directory, { personId, digests, reason, force }: PersonErasure): Decided {
  if (!force && directory.people.get(personId)?.active === true) return rejected("person_active");
  const events = Array.from({ length: Math.ceil(digests.length / DIGESTS_PER_EVENT) }, (_, index): DirectoryEvent => {
    const some = digests.slice(index * DIGESTS_PER_EVENT, (index + 1) * DIGESTS_PER_EVENT);
    return { type: "PersonErased", personId, digests: some, reason, cause: "operator" };
  });
  return { events };
}

/** P3: a name, a sign-in and an account are one person's. Two people who shared one would be two votes, or one for the other. */
function claimed(directory: Directory, personId: string, profile: Profile): Rejection | undefined {
  const others = (ids: ReadonlySet<string>): boolean => ids.size > (ids.has(personId) ? 1 : 0);
  if (others(directory.byUserName.find(profile.userName.toLowerCase()))) return "user_name_taken";
  if (profile.externalId !== "" && others(directory.byExternalId.find(profile.externalId))) return "external_id_taken";
  if (profile.principals.some((principal) => others(directory.byPrincipal.find(principalKey(principal))))) return "principal_taken";
  if (profile.accounts.some((account) => others(directory.byAccount.find(accountKey(account))))) return "account_taken";
  return undefined;
}
