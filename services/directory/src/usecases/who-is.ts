import { findPerson, isKnown, onlyOne, type Directory, type SignInRule } from "../domain/directory.ts";
import { accountKey } from "../domain/profile.ts";
import {
  find,
  isActive,
  membersOf,
  reportsOf,
  reviewers,
  viewOf,
  type Moment,
  type PersonView,
  type Reports,
  type Wanted,
  type Who,
} from "../domain/resolve.ts";
import type { Directories } from "./directories.ts";
import type { OnCallName, OnCallNow, OnCallSource } from "./ports.ts";

/** What a tenant that keeps its people here has set. */
export type ManagedTenant = {
  readonly signIn: readonly SignInRule[];
  /** Their members are reviewers where no token says so. */
  readonly reviewerGroups: readonly string[];
  readonly onCall: OnCallSource;
};

/** A message to a channel goes to so many people at most. */
const MAX_REVIEWERS = 500;

export type Found = {
  readonly person: PersonView | undefined;
  /** Absent: they were not asked for, or there is nobody. */
  readonly reports?: Reports;
  /** Whoever it is, or was, is kept from what it caused. */
  readonly known: boolean;
  readonly unknownSchedules: readonly string[];
};
export type FoundReviewers = {
  readonly people: readonly PersonView[];
  readonly unknownSchedules: readonly string[];
  readonly unknownGroups: readonly string[];
  readonly unknownPersonIds: readonly string[];
  readonly more: boolean;
};

/** Who somebody is at a moment. Shifts are asked for first: what the directory says must be from after the call came in, and may be newer. */
export async function whoIs(
  directories: Directories,
  tenant: string,
  settings: ManagedTenant,
  who: Who & { readonly withReports?: boolean },
  atMs: number,
): Promise<Found> {
  const onCall = await settings.onCall.at(atMs);
  const directory = await directories.current(tenant);
  const person = find(directory, who, settings.signIn);
  const moment = momentOf(directory, settings, onCall, atMs);
  const view = person && viewOf(directory, person, moment);
  const reports = view && who.withReports === true ? { reports: reportsOf(directory, view, settings.signIn) } : {};
  const known = person !== undefined || ("principal" in who && isKnown(directory, who.principal, settings.signIn));
  return { person: view, ...reports, known, unknownSchedules: onCall.unknown };
}

export async function whoCanReview(
  directories: Directories,
  tenant: string,
  settings: ManagedTenant,
  wanted: Wanted,
  atMs: number,
): Promise<FoundReviewers> {
  const onCall = await settings.onCall.at(atMs);
  const directory = await directories.current(tenant);
  const moment = momentOf(directory, settings, onCall, atMs);
  const people = reviewers(directory, wanted, moment);
  return {
    people: people.slice(0, MAX_REVIEWERS).map((person) => viewOf(directory, person, moment)),
    // A schedule that nobody keeps is as unknown as one that cannot be read.
    unknownSchedules: [...new Set([...onCall.unknown, ...wanted.schedules.filter((name) => !moment.shifts.has(name))])],
    unknownGroups: wanted.groups.filter((name) => !membersOf(directory, name).some((id) => isActive(directory, id))),
    unknownPersonIds: wanted.personIds.filter((id) => !isActive(directory, id)),
    more: people.length > MAX_REVIEWERS,
  };
}

function momentOf(directory: Directory, { signIn, reviewerGroups }: ManagedTenant, onCall: OnCallNow, atMs: number): Moment {
  return { atMs, rules: signIn, reviewerGroups, shifts: toShifts(directory, onCall) };
}

/** Names of a schedule's keeper that mean nobody here, or more than one, are nobody's. */
function toShifts(directory: Directory, { shifts }: OnCallNow): Moment["shifts"] {
  const idOf = (name: OnCallName): string | undefined =>
    "userName" in name ? findPerson(directory, name.userName)?.id : onlyOne(directory.byAccount.find(accountKey(name.account)));
  return new Map([...shifts].map(([schedule, names]) => [schedule, new Set(names.flatMap((name) => idOf(name) ?? []))] as const));
}
