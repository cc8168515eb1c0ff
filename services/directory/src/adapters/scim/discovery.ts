import { toListResponse } from "./resources.ts";
import type { ScimReply, ScimRequest } from "./request.ts";
import { CORE_GROUP, CORE_USER, ENTERPRISE_USER, OWN_USER } from "./schema-names.ts";
import { ScimError } from "./scim-error.ts";
import { MAX_COUNT } from "./select.ts";

/** What this endpoint can do (RFC 7643, 5). */
const PROVIDER_CONFIG = {
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: MAX_COUNT },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: false },
  authenticationSchemes: [
    {
      type: "oauthbearertoken",
      name: "Bearer token",
      description: "A token of the tenant's own",
      specUri: "https://www.rfc-editor.org/info/rfc6750",
    },
  ],
};

const RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const RESOURCE_TYPES = [
  {
    schemas: [RESOURCE_TYPE],
    id: "User",
    name: "User",
    endpoint: "/Users",
    schema: CORE_USER,
    schemaExtensions: [
      { schema: ENTERPRISE_USER, required: false },
      { schema: OWN_USER, required: false },
    ],
  },
  { schemas: [RESOURCE_TYPE], id: "Group", name: "Group", endpoint: "/Groups", schema: CORE_GROUP },
];

type Kind = "string" | "boolean" | "complex" | "reference";

function attribute(name: string, more: object = {}, type: Kind = "string"): object {
  const usual = { multiValued: false, required: false, caseExact: false, mutability: "readWrite", returned: "default", uniqueness: "none" };
  return { name, type, ...usual, ...more };
}

type Description = { readonly id: string; readonly schemas: readonly string[] };

function schema(id: string, name: string, attributes: readonly object[]): Description {
  const description = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"], id, name, attributes };
  return description;
}

const many = { multiValued: true };
const exact = { caseExact: true };
const SCHEMAS = [
  schema(CORE_USER, "User", [
    attribute("userName", { required: true, uniqueness: "server" }),
    attribute("externalId", { ...exact, uniqueness: "server" }),
    attribute("displayName"),
    attribute("name", { subAttributes: [attribute("formatted"), attribute("familyName"), attribute("givenName")] }, "complex"),
    attribute("active", {}, "boolean"),
    attribute(
      "emails",
      { ...many, subAttributes: [attribute("value"), attribute("type"), attribute("primary", {}, "boolean")] },
      "complex",
    ),
    attribute("groups", { ...many, mutability: "readOnly", subAttributes: [attribute("value"), attribute("display")] }, "complex"),
  ]),
  schema(CORE_GROUP, "Group", [
    attribute("displayName", { required: true, uniqueness: "server" }),
    attribute("externalId", exact),
    attribute("members", { ...many, subAttributes: [attribute("value", exact), attribute("type")] }, "complex"),
  ]),
  schema(ENTERPRISE_USER, "EnterpriseUser", [
    attribute("department"),
    attribute("manager", { subAttributes: [attribute("value", exact)] }, "complex"),
  ]),
  schema(OWN_USER, "CountersignUser", [
    attribute("team"),
    attribute("slackAccount", { ...exact, uniqueness: "server", description: "WORKSPACE/USER" }),
    attribute("teamsAccount", { ...exact, uniqueness: "server", description: "TENANT/USER" }),
    attribute("pagerDutyAccount", { ...exact, uniqueness: "server", description: "SUBDOMAIN/USER" }),
    attribute("principals", { ...many, ...exact, uniqueness: "server", description: "ISSUER|ID, beside what the settings derive" }),
  ]),
];

/** `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas` (RFC 7644, 4). @throws ScimError */
export function discovery({ method, path, query }: ScimRequest): ScimReply {
  if (method !== "GET") throw new ScimError(405, `${method} is not allowed here`);
  // RFC 7644, 4: a filter here could make a client believe that something is not there.
  if (query.has("filter")) throw new ScimError(403, "discovery takes no filter");
  const [kind, id] = path;
  if (kind === "ServiceProviderConfig") return { status: 200, body: PROVIDER_CONFIG };
  const all: readonly Description[] = kind === "Schemas" ? SCHEMAS : RESOURCE_TYPES;
  if (id === undefined) return { status: 200, body: toListResponse(all, all.length, 1) };
  const one = all.find((each) => each.id === id);
  if (one === undefined) throw new ScimError(404, "there is no such description");
  return { status: 200, body: one };
}
