/** Names a principal: issuer and id together. */
export type PrincipalName = { readonly issuer: string; readonly id: string };

/** An account in a channel; `id` is the user's id there, never a name. */
export type Account = { readonly channel: string; readonly workspace: string; readonly id: string };

/** The channel of accounts at PagerDuty: who has one may be on call. */
export const PAGER_DUTY = "pagerduty";

export type Email = { readonly value: string; readonly type: string; readonly primary: boolean };

/** What the identity provider says of a person. Absent texts are empty. */
export type Profile = {
  readonly userName: string;
  readonly externalId: string;
  readonly displayName: string;
  readonly formattedName: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly emails: readonly Email[];
  readonly department: string;
  /** Id of a person; may come before that person does. */
  readonly managerId: string;
  readonly team: string;
  /** Sign-ins beside those that the settings derive. */
  readonly principals: readonly PrincipalName[];
  readonly accounts: readonly Account[];
};

/** What remains of a person whose profile was erased: nothing that could be found by, or sign in. */
export const NO_PROFILE: Profile = {
  userName: "",
  externalId: "",
  displayName: "",
  formattedName: "",
  givenName: "",
  familyName: "",
  emails: [],
  department: "",
  managerId: "",
  team: "",
  principals: [],
  accounts: [],
};

/** How a person is called, by the best that is known. */
export function nameOf({ displayName, formattedName, givenName, familyName, userName }: Profile): string {
  return displayName || formattedName || `${givenName} ${familyName}`.trim() || userName;
}

/** Where mail goes: the primary address, else the one at work, else the first. */
export function emailOf({ emails }: Profile): string {
  const best = emails.find(({ primary }) => primary) ?? emails.find(({ type }) => type === "work") ?? emails[0];
  return best?.value ?? "";
}

/** Teams for quorums of distinct teams: the team, or else the department. */
export function teamsOf({ team, department }: Profile): readonly string[] {
  const name = team || department;
  return name === "" ? [] : [name];
}

/** Both are built member by member in one place each, so that the order is the same. */
export function sameProfile(one: Profile, other: Profile): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

type Names = Pick<Profile, "userName" | "externalId" | "principals">;

/** Whether a person signs in by the same names with both. */
export function sameNames(one: Names, other: Names): boolean {
  const texts = ({ userName, externalId, principals }: Names) => [userName, externalId, ...principals.map(principalKey)];
  return JSON.stringify(texts(one)) === JSON.stringify(texts(other));
}

/** How many characters are kept of a profile when the person is called otherwise. */
export function namesKept({ userName, externalId, principals }: Names): number {
  return lengthOf([userName, externalId, ...principals.flatMap(({ issuer, id }) => [issuer, id])]);
}

/** How many characters a profile has, whatever was written into which attribute. */
export function charactersIn(profile: Profile): number {
  const { displayName, formattedName, givenName, familyName, department, managerId, team, emails, accounts } = profile;
  const texts = [displayName, formattedName, givenName, familyName, department, managerId, team];
  const addresses = emails.flatMap(({ value, type }) => [value, type]);
  return namesKept(profile) + lengthOf([...texts, ...addresses, ...accounts.flatMap(({ workspace, id }) => [workspace, id])]);
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0);
}

export function principalKey({ issuer, id }: PrincipalName): string {
  return `${issuer}\n${id}`;
}

export function accountKey({ channel, workspace, id }: Account): string {
  return `${channel}\n${workspace}\n${id}`;
}
