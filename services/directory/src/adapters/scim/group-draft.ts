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
  const after = operations.flatMap(withPaths).reduce(patched, before);
  if (after.name === "") throw badValue("displayName", "is required");
  return after;
}

function patched(draft: GroupDraft, { op, path: text, value }: Operation): GroupDraft {
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

function changeMembers(
  members: ReadonlySet<string>,
  op: Operation["op"],
  { terms, sub }: Path,
  value: Json | undefined,
): ReadonlySet<string> {
  if (sub !== "") throw new ScimError(400, "a member is added or removed whole", "invalidPath");
  if (terms.length > 0) {
    const only = terms.length === 1 ? terms[0] : undefined;
    if (op !== "remove" || only?.path.attribute !== "value") {
      throw new ScimError(400, 'members take a filter only to remove one: members[value eq "..."]', "invalidPath");
    }
    return without(members, new Set([String(only.value)]));
  }
  const given = new Set(listOf(value).map(readMember));
  if (op === "replace") return given;
  if (op === "add") return new Set([...members, ...given]);
  return value === undefined || value === null ? new Set() : without(members, given);
}

function without(members: ReadonlySet<string>, gone: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...members].filter((id) => !gone.has(id)));
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
