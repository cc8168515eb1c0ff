import { putGroup, removeGroup, type GroupDraft } from "../../domain/decide-groups.ts";
import type { Directory, Group } from "../../domain/directory.ts";
import { required } from "./body.ts";
import { patchGroup, readGroup } from "./group-draft.ts";
import { readOperations } from "./operations.ts";
import type { ScimDirectory, ScimReply, ScimRequest } from "./request.ts";
import { toGroupResource, toListResponse } from "./resources.ts";
import { ScimError } from "./scim-error.ts";
import { pageOf, selectGroups } from "./select.ts";
import type { Json } from "./values.ts";

/** `/Groups` and `/Groups/{id}`. @throws ScimError */
export async function groups(scim: ScimDirectory, { method, path, query, body }: ScimRequest): Promise<ScimReply> {
  const id = path[1];
  if (id === undefined) {
    if (method === "GET") return list(scim, query);
    if (method === "POST") return create(scim, required(body));
    throw new ScimError(405, `${method} is not allowed here`);
  }
  switch (method) {
    case "GET":
      return shown(scim, await scim.current(), id, wantsMembers(query));
    case "PUT": {
      const draft = readGroup(required(body));
      return shown(scim, await change(scim, id, () => draft), id, true);
    }
    case "PATCH": {
      const operations = readOperations(required(body));
      await change(scim, id, (before) => patchGroup(before, operations));
      // RFC 7644, 3.5.2 leaves the choice: a large group would be sent back with each member that joins.
      return { status: 204 };
    }
    case "DELETE":
      await scim.change((directory) => removeGroup(directory, id));
      return { status: 204 };
    default:
      throw new ScimError(405, `${method} is not allowed here`);
  }
}

async function list({ current, baseUrl }: ScimDirectory, query: URLSearchParams): Promise<ScimReply> {
  const directory = await current();
  const { items, total, startIndex } = pageOf(selectGroups(directory, query), query);
  const withMembers = wantsMembers(query);
  const resources = (withMembers ? shortened(items) : items).map((group) => toGroupResource(directory, group, baseUrl, withMembers));
  return { status: 200, body: toListResponse(resources, total, startIndex) };
}

/** More members than this are for the next page: a reply of hundreds of megabytes would hold every tenant up while it is made. */
const MEMBERS_OF_A_PAGE = 20_000;

/** Fewer groups than asked for, which RFC 7644, 3.4.2.4 leaves to us; one at least. */
function shortened(page: readonly Group[]): readonly Group[] {
  let members = 0;
  const tooMany = page.findIndex(({ members: { size } }, index) => (members += size) > MEMBERS_OF_A_PAGE && index > 0);
  return tooMany === -1 ? page : page.slice(0, tooMany);
}

async function create(scim: ScimDirectory, body: Json): Promise<ScimReply> {
  const draft = readGroup(body);
  const id = scim.newId();
  const directory = await scim.change((current) => putGroup(current, id, draft));
  return { ...shown(scim, directory, id, true), status: 201, location: `${scim.baseUrl}/Groups/${id}` };
}

async function change(scim: ScimDirectory, id: string, draftOf: (before: GroupDraft) => GroupDraft): Promise<Directory> {
  return scim.change((directory) => {
    const group = directory.groups.get(id);
    return group === undefined ? { rejection: "unknown_group" } : putGroup(directory, id, draftOf(group));
  });
}

function shown({ baseUrl }: ScimDirectory, directory: Directory, id: string, withMembers: boolean): ScimReply {
  const group = directory.groups.get(id);
  if (group === undefined) throw new ScimError(404, "there is no such group");
  return { status: 200, body: toGroupResource(directory, group, baseUrl, withMembers) };
}

function wantsMembers(query: URLSearchParams): boolean {
  const names = (parameter: string): readonly string[] =>
    (query.get(parameter) ?? "")
      .toLowerCase()
      .split(",")
      .map((name) => name.trim());
  const wanted = names("attributes");
  return !names("excludedAttributes").includes("members") && (wanted[0] === "" || wanted.includes("members"));
}
