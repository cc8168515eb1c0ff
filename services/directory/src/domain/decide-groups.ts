import { rejected, type Decided } from "./decided.ts";
import type { Directory } from "./directory.ts";
import type { DirectoryEvent } from "./events.ts";

/** What the identity provider says of a group. */
export type GroupDraft = { readonly name: string; readonly externalId: string; readonly members: ReadonlySet<string> };

/** An entry of the log holds at most 64 KiB. */
const MEMBERS_PER_EVENT = 1000;

/** The group is there as the draft says from here on, new or not. */
export function putGroup(directory: Directory, groupId: string, { name, externalId, members }: GroupDraft): Decided {
  const before = directory.groups.get(groupId);
  const holder = directory.groupByName.get(name);
  if (holder !== undefined && holder !== groupId) return rejected("group_name_taken");
  const added = [...members].filter((id) => before?.members.has(id) !== true);
  if (added.some((id) => !directory.people.has(id))) return rejected("unknown_member");
  const removed = [...(before?.members ?? [])].filter((id) => !members.has(id));
  const events: DirectoryEvent[] = [];
  if (before?.name !== name || before.externalId !== externalId)
    events.push({ type: "GroupChanged", groupId, name, externalId, cause: "scim" });
  // Who leaves, leaves first.
  for (const part of parts(removed)) events.push({ type: "MembersChanged", groupId, added: [], removed: part, cause: "scim" });
  for (const part of parts(added)) events.push({ type: "MembersChanged", groupId, added: part, removed: [], cause: "scim" });
  return { events };
}

/** From here on nobody decides by this group. */
export function removeGroup(directory: Directory, groupId: string): Decided {
  return directory.groups.has(groupId) ? { events: [{ type: "GroupRemoved", groupId, cause: "scim" }] } : rejected("unknown_group");
}

function parts(ids: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(ids.length / MEMBERS_PER_EVENT) }, (_, index) =>
    ids.slice(index * MEMBERS_PER_EVENT, (index + 1) * MEMBERS_PER_EVENT),
  );
}
