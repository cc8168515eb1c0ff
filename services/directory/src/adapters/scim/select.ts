import { findPerson, type Directory, type Group, type Person } from "../../domain/directory.ts";
import { matches } from "./emails.ts";
import { parseFilter, type Term } from "./path.ts";
import { ScimError } from "./scim-error.ts";

const DEFAULT_COUNT = 100;
export const MAX_COUNT = 500;

/** One page of what a query selects, in the order in which they came. @throws ScimError */
export function pageOf<Item extends { readonly id: string }>(items: Iterable<Item>, query: URLSearchParams) {
  const sorted = [...items].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const startIndex = Math.max(1, countOf(query, "startIndex", 1));
  const count = Math.min(MAX_COUNT, Math.max(0, countOf(query, "count", DEFAULT_COUNT)));
  return { startIndex, total: sorted.length, items: sorted.slice(startIndex - 1, startIndex - 1 + count) };
}

export function selectPeople(directory: Directory, query: URLSearchParams): readonly Person[] {
  const filter = query.get("filter");
  if (filter === null || filter === "") return [...directory.people.values()];
  const terms = parseFilter(filter);
  return candidates(directory, terms).filter((person) => terms.every((term) => isPerson(person, term)));
}

export function selectGroups(directory: Directory, query: URLSearchParams): readonly Group[] {
  const filter = query.get("filter");
  if (filter === null || filter === "") return [...directory.groups.values()];
  const terms = parseFilter(filter);
  return [...directory.groups.values()].filter((group) => terms.every((term) => isGroup(group, term)));
}

/** Providers ask by user name before each change: that must not look at everybody. */
function candidates(directory: Directory, terms: readonly Term[]): readonly Person[] {
  for (const { path, value } of terms) {
    const name = String(value);
    if (path.schema !== "core" || path.terms.length > 0) continue;
    if (path.attribute === "username")
      return [...directory.byUserName.find(name.toLowerCase())].flatMap((id) => directory.people.get(id) ?? []);
    if (path.attribute === "externalid") return [...directory.byExternalId.find(name)].flatMap((id) => directory.people.get(id) ?? []);
    if (path.attribute === "id") return [findPerson(directory, name) ?? []].flat();
  }
  return [...directory.people.values()];
}

function isPerson({ id, active, profile }: Person, { path, value }: Term): boolean {
  const text = String(value);
  const insensitive = (one: string): boolean => one.toLowerCase() === text.toLowerCase();
  switch (`${path.schema}:${path.attribute}`) {
    case "core:id":
      return id === text;
    case "core:username":
      return insensitive(profile.userName);
    case "core:externalid":
      return profile.externalId === text;
    case "core:displayname":
      return insensitive(profile.displayName);
    case "core:active":
      return active === (text.toLowerCase() === "true");
    case "core:emails":
      return profile.emails.some((email) => matches(email, path.terms) && insensitive(email.value));
    case "core:manager":
    case "enterprise:manager":
      return profile.managerId === text;
    default:
      throw notFilterable(path.attribute);
  }
}

function isGroup({ id, name, externalId, members }: Group, { path, value }: Term): boolean {
  const text = String(value);
  switch (`${path.schema}:${path.attribute}`) {
    case "core:id":
      return id === text;
    case "core:displayname":
      return name.toLowerCase() === text.toLowerCase();
    case "core:externalid":
      return externalId === text;
    case "core:members":
      return members.has(text);
    default:
      throw notFilterable(path.attribute);
  }
}

function notFilterable(attribute: string): ScimError {
  return new ScimError(400, `there is no filter on ${attribute.slice(0, 100)}`, "invalidFilter");
}

function countOf(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null || text === "") return otherwise;
  if (!/^-?\d{1,9}$/.test(text)) throw new ScimError(400, `${name} must be a whole number`, "invalidValue");
  return Number(text);
}
