import { type Dated, type Directory, type Group, type Person } from "../../domain/directory.ts";
import { nameOf } from "../../domain/profile.ts";
import { ACCOUNT_ATTRIBUTES } from "./own-attributes.ts";
import { CORE_GROUP, CORE_USER, ENTERPRISE_USER, LIST_RESPONSE, OWN_USER } from "./schema-names.ts";

/** A user as SCIM shows it (RFC 7643, 4.1). */
export function toUserResource(directory: Directory, person: Person, baseUrl: string): object {
  const { id, active, profile } = person;
  const { userName, externalId, displayName, formattedName, givenName, familyName, emails, department, managerId } = profile;
  const named = Object.entries(ACCOUNT_ATTRIBUTES).flatMap(([, channel]) => {
    const account = profile.accounts.find((one) => one.channel === channel);
    return account === undefined ? [] : [[ACCOUNT_NAMES[channel], `${account.workspace}/${account.id}`] as const];
  });
  const principals = profile.principals.map(({ issuer, id: subject }) => `${issuer}|${subject}`);
  const own = withoutEmpty({ team: profile.team, ...Object.fromEntries(named), principals });
  const enterprise = withoutEmpty({ department, manager: managerId === "" ? "" : { value: managerId } });
  return withoutEmpty({
    schemas: [CORE_USER, ...(isEmpty(enterprise) ? [] : [ENTERPRISE_USER]), ...(isEmpty(own) ? [] : [OWN_USER])],
    id,
    externalId,
    userName,
    displayName,
    name: withoutEmpty({ formatted: formattedName, givenName, familyName }),
    active,
    emails: emails.map(({ value, type, primary }) => ({ ...withoutEmpty({ value, type }), primary })),
    groups: [...(directory.groupsOf.get(id) ?? [])].map((group) => ({ value: group, display: directory.groups.get(group)?.name ?? "" })),
    [ENTERPRISE_USER]: enterprise,
    [OWN_USER]: own,
    meta: metaOf("User", id, person, baseUrl),
  });
}

const ACCOUNT_NAMES = { slack: "slackAccount", teams: "teamsAccount", pagerduty: "pagerDutyAccount" } as const;

/** A group as SCIM shows it (RFC 7643, 4.2). */
export function toGroupResource(directory: Directory, group: Group, baseUrl: string, withMembers: boolean): object {
  const { id, name, externalId } = group;
  const display = (member: string): string => {
    const person = directory.people.get(member);
    return person === undefined ? "" : nameOf(person.profile);
  };
  const members = withMembers ? [...group.members].map((value) => ({ value, display: display(value), type: "User" })) : [];
  return {
    ...withoutEmpty({ schemas: [CORE_GROUP], id, externalId, displayName: name }),
    ...(withMembers ? { members } : {}),
    meta: metaOf("Group", id, group, baseUrl),
  };
}

/** One page of resources (RFC 7644, 3.4.2). */
export function toListResponse(resources: readonly object[], totalResults: number, startIndex: number): object {
  return { schemas: [LIST_RESPONSE], totalResults, startIndex, itemsPerPage: resources.length, Resources: resources };
}

function metaOf(resourceType: "User" | "Group", id: string, { createdMs, changedMs, version }: Dated, baseUrl: string): object {
  return {
    resourceType,
    created: new Date(createdMs).toISOString(),
    lastModified: new Date(changedMs).toISOString(),
    version: `W/"${version}"`,
    location: `${baseUrl}/${resourceType}s/${id}`,
  };
}

function withoutEmpty(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (value === "" || value === undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
