import { durationSetting } from "@countersign/config";
import { z } from "zod";
import { LEDGER_OPERATOR } from "./roles.ts";

/** Asymmetric only: with a shared secret whoever can verify a token can also make one. */
const ALGORITHMS = ["EdDSA", "Ed25519", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"] as const;

/** 1 to 63 characters that are safe in subjects, URLs and file names. */
export const TENANT_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

const text = z.string().min(1).max(512);
const claimPath = z.union([text, z.array(text).min(1).max(8)]);
const tenantName = z.string().regex(TENANT_NAME, "must match [a-z0-9][a-z0-9-]{0,62}");
const type = z.enum(["human", "agent", "service"]);
/** Milliseconds once it was read. */
const duration = z.union([durationSetting, z.number().int().min(0)]);

const keysUrl = z.url().refine(isSafeUrl, "must be https (http is taken for loopback addresses only)");

const remoteKeys = z.strictObject({ url: keysUrl, refreshAfter: duration.default(600_000), maxAge: duration.default(3_600_000) });

const publicKey = z
  .looseObject({ kty: z.enum(["OKP", "EC", "RSA"]) })
  .refine((key) => !("d" in key), "must be a public key: this one holds its private part");

const signIn = z.strictObject({
  acr: z.array(text).default([]),
  amr: z.array(z.union([text, z.array(text).min(1).max(8)])).default([]),
  maxAge: duration.default(3_600_000),
});

const issuerSettings = z.strictObject({
  issuer: text,
  audience: z.union([text, z.array(text).min(1)]),
  jwks: z.union([remoteKeys, z.strictObject({ keys: z.array(publicKey).min(1) })]),
  algorithms: z.array(z.enum(ALGORITHMS)).min(1).default(["EdDSA", "Ed25519", "ES256", "PS256", "RS256"]),
  tokenTypes: z.array(text.toLowerCase()).min(1).default(["at+jwt", "jwt"]),
  maxTokenAge: duration.optional(),
  tenants: z.union([z.literal("*"), z.array(tenantName).min(1), z.record(text, tenantName)]),
  actorIssuers: z.array(text).default([]),
  subjectIssuers: z.array(text).default([]),
  claims: z
    .strictObject({
      type: claimPath.default("principal_type"),
      tenant: claimPath.default("tenant"),
      groups: claimPath.default("groups"),
      roles: claimPath.default("roles"),
      owner: claimPath.default("owner"),
    })
    .prefault({}),
  types: z.record(text, type).default({ human: "human", agent: "agent", service: "service" }),
  defaultType: type.optional(),
  roles: z.record(text, z.array(text)).optional(),
  mayGive: z.array(text).optional(),
  groupsFrom: z.enum(["token", "directory"]).default("token"),
  agentsNeedOwner: z.boolean().default(false),
  ownerIssuer: text.optional(),
  signIn: signIn.prefault({}),
  signInClients: z.array(text).default([]),
});

const issuerSchema = issuerSettings.superRefine((issuer, context) => {
  for (const [value, roles] of Object.entries(issuer.roles ?? {})) {
    const withheld = roles.filter((role) => !mayGive(issuer, role));
    if (withheld.length === 0) continue;
    context.addIssue({ code: "custom", path: ["roles", value], message: `gives ${withheld.join(", ")}, which mayGive does not list` });
  }
});

/** Whether a token of this issuer may give a role. Without a list: every role but the one for whole ledgers. */
export function mayGive({ mayGive: listed }: Pick<z.output<typeof issuerSettings>, "mayGive">, role: string): boolean {
  return listed === undefined ? role !== LEDGER_OPERATOR : listed.includes(role);
}

/** Whether an issuer may speak for a tenant. */
export function speaksFor({ tenants }: Pick<z.output<typeof issuerSettings>, "tenants">, tenant: string): boolean {
  return tenants === "*" || Object.values(tenants).includes(tenant);
}

/** At least one issuer, each named once, and owners at none but these. */
export const issuersSchema = z
  .array(issuerSchema)
  .min(1, "needs at least one issuer: without one nobody could call")
  .refine((issuers) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length, "names an issuer twice")
  .superRefine((issuers, context) => {
    for (const [index, { ownerIssuer }] of issuers.entries()) {
      if (ownerIssuer === undefined || issuers.some(({ issuer }) => issuer === ownerIssuer)) continue;
      context.addIssue({ code: "custom", path: [index, "ownerIssuer"], message: `names ${ownerIssuer}, which is no issuer of this list` });
    }
  });

/** Whose tokens are accepted, and what their claims mean. */
export type IssuerConfig = z.output<typeof issuerSchema>;

/**
 * As it is written down:
 * - `issuer`: `iss` of its tokens, exactly; `audience`: an `aud` that they must carry.
 * - `jwks`: `{keys}` themselves, or `{url, refreshAfter, maxAge}` of its key set: fetched again after 10 min and when a token names an unknown
 *   key, and good for 1 h when it cannot be fetched.
 * - `algorithms`: the ones it may sign with; asymmetric ones only.
 * - `tokenTypes`: values of the header `typ`. Default `at+jwt` and `JWT`; a token without `typ` passes for `JWT`.
 * - `maxTokenAge`: how long after `iat` a token is good, whatever its `exp`. Default: until `exp`.
 * - `tenants`: those it may speak for, or `"*"`, or a map from values of the tenant claim to tenants (`{"72f988bf-...": "acme"}`). A token that
 *   names none belongs to the one tenant there is, if it is one.
 * - `actorIssuers`: other issuers whose principals its tokens may name as the acting one (`act.iss`), and so speak for them. Default: none.
 * - `subjectIssuers`: other issuers for whose people an actor may act by its tokens, which name them by `sub_id` (RFC 9493: `{format: "iss_sub", iss, sub}`):
 *   for an issuer that exchanges tokens of people who sign in elsewhere. Default: none; then such a token is refused.
 * - `claims`: where to find things: a claim's name, or a path as an array (`["realm_access", "roles"]`).
 * - `types`: what values of the type claim mean (`{"app": "service", "user": "human"}`); `defaultType`: what a token without that claim is.
 *   Without it such a token is refused.
 * - `roles`: which roles a value of the role claim gives (`{"sre-approvers": ["reviewer"]}`); then other values give none. Default: as they are.
 * - `mayGive`: the roles that its tokens may give, all others are dropped. Default: every role but `ledger_operator`, the one for whole ledgers with
 *   every tenant's part of them: list it for the issuer of those who run this deployment, never for one that a tenant runs.
 * - `groupsFrom`: `directory` when groups are looked up there; those of the token then count for nothing. Default: `token`.
 * - `agentsNeedOwner`: refuses tokens of agents that say neither who owns the agent nor for whom it acts.
 * - `ownerIssuer`: the issuer, one of those listed, to which an owner belongs whom a token names by an id alone: the one where people sign in.
 *   Default: its own, where no other issuer speaks for the tenant; else such a token is refused.
 * - `signIn`: which `acr`, or which `amr` (a value, or several that must come together), is a second factor, and how long after `auth_time`
 *   it counts (1 h). Default: none is.
 * - `signInClients`: ids of this deployment's own clients at the issuer, by which people sign in to the page of reviews. Their ID tokens speak for
 *   people there, and nowhere else. Default: none.
 */
export type IssuerInput = z.input<typeof issuerSchema>;

/** Asked of texts that are no URL too: the problem that they have then has been told. */
function isSafeUrl(address: string): boolean {
  const url = URL.parse(address);
  if (url === null) return true;
  return url.protocol === "https:" || (url.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname));
}
