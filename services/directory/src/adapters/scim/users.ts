import { changePerson, provisionPerson, removePerson, type PersonDraft } from "../../domain/decide-people.ts";
import { findPerson, type Directory, type Person } from "../../domain/directory.ts";
import { required } from "./body.ts";
import { readOperations } from "./operations.ts";
import type { ScimDirectory, ScimReply, ScimRequest } from "./request.ts";
import { toListResponse, toUserResource } from "./resources.ts";
import { ScimError } from "./scim-error.ts";
import { pageOf, selectPeople } from "./select.ts";
import { patchUser, readUser } from "./user-draft.ts";
import type { Json } from "./values.ts";

/** `/Users` and `/Users/{id}`. @throws ScimError */
export async function users(scim: ScimDirectory, { method, path, query, body }: ScimRequest): Promise<ScimReply> {
  const id = path[1];
  if (id === undefined) {
    if (method === "GET") return list(scim, query);
    if (method === "POST") return create(scim, required(body));
    throw new ScimError(405, `${method} is not allowed here`);
  }
  switch (method) {
    case "GET":
      return shown(scim, await scim.current(), id);
    case "PUT": {
      const whole = required(body);
      return changed(scim, id, ({ active }) => readUser(whole, active));
    }
    case "PATCH": {
      const operations = readOperations(required(body));
      return changed(scim, id, (person) => patchUser(person, operations));
    }
    case "DELETE":
      await scim.change((directory) => removePerson(directory, id));
      return { status: 204 };
    default:
      throw new ScimError(405, `${method} is not allowed here`);
  }
}

async function list({ current, baseUrl }: ScimDirectory, query: URLSearchParams): Promise<ScimReply> {
  const directory = await current();
  const { items, total, startIndex } = pageOf(selectPeople(directory, query), query);
  const resources = items.map((person) => toUserResource(directory, person, baseUrl));
  return { status: 200, body: toListResponse(resources, total, startIndex) };
}

async function create(scim: ScimDirectory, body: Json): Promise<ScimReply> {
  const draft = readUser(body, true);
  const id = scim.newId();
  const directory = await scim.change((current) => provisionPerson(current, id, draft));
  // Who was there before has its id again.
  const made = findPerson(directory, draft.profile.userName)?.id ?? id;
  return { ...shown(scim, directory, made), status: 201, location: `${scim.baseUrl}/Users/${made}` };
}

/** The draft is made inside the decision, from the person as it is then: two changes at the same moment both hold. */
async function changed(scim: ScimDirectory, id: string, draftOf: (person: Person) => PersonDraft): Promise<ScimReply> {
  const directory = await scim.change((current) => {
    const person = current.people.get(id);
    return person === undefined ? { rejection: "unknown_person" } : changePerson(current, id, draftOf(person));
  });
  return shown(scim, directory, id);
}

function shown({ baseUrl }: ScimDirectory, directory: Directory, id: string): ScimReply {
  const person = directory.people.get(id);
  if (person === undefined) throw new ScimError(404, "there is no such user");
  return { status: 200, body: toUserResource(directory, person, baseUrl) };
}
