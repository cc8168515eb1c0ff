import { createMemoryEventLog } from "@countersign/event-log/testing";
import { createDirectoryStore } from "../../../../services/directory/src/adapters/log/directory-store.ts";
import { answer } from "../../../../services/directory/src/adapters/scim/answer.ts";
import { parseFilter, parsePath } from "../../../../services/directory/src/adapters/scim/path.ts";
import {
  CORE_GROUP,
  CORE_USER,
  ENTERPRISE_USER,
  OWN_USER,
  PATCH_OP,
} from "../../../../services/directory/src/adapters/scim/schema-names.ts";
import { ScimError } from "../../../../services/directory/src/adapters/scim/scim-error.ts";
import { targetOf } from "../../../../services/directory/src/adapters/scim/target.ts";
import type { Json } from "../../../../services/directory/src/adapters/scim/values.ts";
import { createDirectories } from "../../../../services/directory/src/usecases/directories.ts";
import { json, jsonOf, textOf, texts, type Target } from "../engine/target.ts";

const words = [
  "userName",
  "externalId",
  "emails",
  "members",
  "displayName",
  "active",
  "manager",
  "principals",
  "slackAccount",
  "name.givenName",
  'emails[type eq "work"].value',
  'members[value eq "u1"]',
  " and ",
  " eq ",
  '"',
  "[",
  "]",
  ".value",
  "$ref",
  "urn:",
  CORE_USER,
  CORE_GROUP,
  ENTERPRISE_USER,
  OWN_USER,
  "add",
  "replace",
  "remove",
  "https://id.example|alice",
  "T0/U0",
];

/** Filters and paths of SCIM. */
export const scimFilters: Target = {
  name: "scim-filters",
  kind: "text",
  refusals: [ScimError],
  words,
  quick: 200,
  prepare: () => ({
    seeds: texts(
      'userName eq "alice@example.com"',
      'emails[type eq "work" and primary eq true].value',
      `${ENTERPRISE_USER}:manager.value`,
      'externalId eq "a\\"b" and active eq false',
    ),
    run: (input) => {
      const text = textOf(input);
      const path = attempt(() => parsePath(text));
      return JSON.stringify([path, parseFilter(text)]);
    },
  }),
};

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    return undefined;
  }
}

const alice = {
  schemas: [CORE_USER, ENTERPRISE_USER, OWN_USER],
  userName: "alice",
  externalId: "1",
  active: "True",
  name: { givenName: "A", familyName: "L", formatted: "A L" },
  emails: [{ value: "alice@example.com", type: "work", primary: true }],
  [ENTERPRISE_USER]: { department: "ops", manager: { value: "u1" } },
  [OWN_USER]: { team: "sre", principals: ["https://id.example|alice"], slackAccount: "T0/U0" },
};
const patch = (...Operations: readonly unknown[]) => ({ schemas: [PATCH_OP], Operations });

/** Requests of a tenant's identity provider, behind its token: method, target and body. */
export const scimRequests: Target = {
  name: "scim-requests",
  kind: "json",
  refusals: [ScimError],
  words: [...words, "/scim/v2/Users", "/scim/v2/Groups/u1", "?filter=", "&startIndex=-1&count=0", "//", "PATCH", "PUT", "POST", "DELETE"],
  prepare: () => ({
    seeds: json(
      ["POST", "/scim/v2/Users", alice],
      ["PUT", "/scim/v2/Users/u0", { ...alice, userName: "bob" }],
      [
        "PATCH",
        "/scim/v2/Users/u0",
        patch(
          { op: "Replace", path: 'emails[type eq "work"].value', value: "x@y.z" },
          { op: "add", value: { "name.givenName": "B", active: false } },
        ),
      ],
      ["POST", "/scim/v2/Groups", { schemas: [CORE_GROUP], displayName: "sre", members: [{ value: "u0" }] }],
      [
        "PATCH",
        "/scim/v2/Groups/g",
        patch({ op: "remove", path: 'members[value eq "u0"]' }, { op: "add", path: "members", value: [{ value: "u0" }] }),
      ],
      ["GET", "/scim/v2/Users?filter=userName%20eq%20%22alice%22&startIndex=1&count=10&attributes=userName"],
      ["GET", "/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"],
      ["DELETE", "/scim/v2/Users/u0"],
    ),
    run: async (input) => {
      const given = jsonOf(input);
      const [method, url, body] = Array.isArray(given) ? (given as unknown[]) : [];
      if (typeof method !== "string" || typeof url !== "string") return undefined;
      const send = server();
      await send("POST", "/scim/v2/Users", alice);
      return JSON.stringify(await send(method, url, body as Json | undefined));
    },
  }),
};

const QUOTA = { people: 1000, groups: 1000, memberships: 1000, delegations: 1000 };

/** A directory of its own for each input: what one leaves behind changes nothing for the next. */
function server() {
  let last = 0;
  const deps = {
    directories: createDirectories(createDirectoryStore(createMemoryEventLog({ ledger: "main" })), () => QUOTA),
    clock: () => new Date(0),
    newId: () => `u${last++}`,
    baseUrl: "https://scim.example/scim/v2",
  };
  const token = { tenant: "acme", name: "provider", sha256: new Uint8Array(32) };
  return (method: string, url: string, body: Json | undefined) => answer(deps, token, { method, ...targetOf(url), body }, "");
}
