import type { GroupDraft } from "../../domain/decide-groups.ts";
import { withPaths, type Operation } from "./operations.ts";
import { parsePath, type Path } from "./path.ts";
import { badValue, ScimError } from "./scim-error.ts";
import { isRecord, listOf, memberOf, textOf, type Json } from "./values.ts";

const NO_GROUP: GroupDraft = { name: "", externalId: "", members: new Set() };
const READ_ONLY = new Set(["schemas", "id", "meta"]);

/** A whole group, as POST and PUT send it. @throws ScimError */
export function readGroup(body: Json): GroupDraft {
  if (!isRecord(body)) throw new ScimError(400, "the body must be a JSON object", "invalidSyntax");
  return patchGroup(NO_GROUP, [{ op: "replace", path: "", value: body }]);
}

/** The group after these operations, one after the other. @throws ScimError */
export function patchGroup(before: GroupDraft, operations: readonly Operation[]): GroupDraft {
  // One copy for all steps: thousands of them on a large group would hold every tenant up for minutes otherwise.
  const after = operations.flatMap(withPaths).reduce(patched, { ...before, members: new Set(before.members) });
  if (after.name === "") throw badValue("displayName", "is required");
  return after;
}

/** A draft under way, with members of its own. */
type Draft = GroupDraft & { readonly members: Set<string> };

function patched(draft: Draft, { op, path: text, value }: Operation): Draft {
  const path = parsePath(text);
  if (path.schema !== "core" || READ_ONLY.has(path.attribute)) return draft;
  const given = op === "remove" ? undefined : value;
  switch (path.attribute) {
    case "displayname":
      return { ...draft, name: textOf("displayName", given) };
    case "externalid":
      return { ...draft, externalId: textOf("externalId", given) };
    case "members":
      return { ...draft, members: changeMembers(draft.members, op, path, value) };
    default:
      throw new ScimError(400, `a group has no attribute ${path.attribute}`, "invalidPath");
  }
}

function changeMembers(members: Set<string>, op: Operation["op"], { terms, sub }: Path, value: Json | undefined): Set<string> {
  if (sub !== "") throw new ScimError(400, "a member is added or removed whole", "invalidPath");
  if (terms.length > 0) {
    const only = terms.length === 1 ? terms[0] : undefined;
    if (op !== "remove" || only?.path.attribute !== "value") {
      throw new ScimError(400, 'members take a filter only to remove one: members[value eq "..."]', "invalidPath");
    }
    members.delete(String(only.value));
    return members;
  }
  const given = listOf(value).map(readMember);
  if (op === "replace") return new Set(given);
  if (op === "remove" && (value === undefined || value === null)) return new Set();
  for (const id of given) {
    if (op === "add") members.add(id);
    else members.delete(id);
  }
  return members;
}

function readMember(item: Json): string {
  if (typeof item === "string") return textOf("members.value", item);
  if (!isRecord(item)) throw badValue("members", "must hold objects with the id of a user in value");
  const id = textOf("members.value", memberOf(item, "value"));
  if (id === "") throw badValue("members.value", "is required");
  if (textOf("members.type", memberOf(item, "type")).toLowerCase() === "group")
    throw badValue("members", "of members, groups are not supported: push them flat");
  return id;
}
