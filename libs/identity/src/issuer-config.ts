import { z } from "zod";

/** Asymmetric only: with a shared secret whoever can verify a token can also make one. */
const ALGORITHMS = ["EdDSA", "Ed25519", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"] as const;

/** 1 to 63 characters that are safe in subjects, URLs and file names. */
export const TENANT_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

const text = z.string().min(1).max(512);
const claimPath = z.union([text, z.array(text).min(1).max(8)]);
const tenantName = z.string().regex(TENANT_NAME, "must match [a-z0-9][a-z0-9-]{0,62}");

const keysUrl = z.url().refine((url) => isSafeUrl(new URL(url)), "must be https (http is taken for loopback addresses only)");

const publicKey = z
  .looseObject({ kty: z.enum(["OKP", "EC", "RSA"]) })
  .refine((key) => !("d" in key), "must be a public key: this one holds its private part");

const issuerSchema = z.strictObject({
  issuer: text,
  audience: z.union([text, z.array(text).min(1)]),
  jwks: z.union([z.strictObject({ url: keysUrl }), z.strictObject({ keys: z.array(publicKey).min(1) })]),
  algorithms: z.array(z.enum(ALGORITHMS)).min(1).default(["EdDSA", "Ed25519", "ES256", "PS256", "RS256"]),
  tenants: z.union([z.literal("*"), z.array(tenantName).min(1)]),
  actorIssuers: z.array(text).default([]),
  claims: z
    .strictObject({
      type: claimPath.default("principal_type"),
      tenant: claimPath.default("tenant"),
      groups: claimPath.default("groups"),
      roles: claimPath.default("roles"),
      owner: claimPath.default("owner"),
    })
    .prefault({}),
});

/** At least one issuer, each named once. */
export const issuersSchema = z
  .array(issuerSchema)
  .min(1, "needs at least one issuer: without one nobody could call")
  .refine((issuers) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length, "names an issuer twice");

/** Whose tokens are accepted, and what their claims mean. */
export type IssuerConfig = z.output<typeof issuerSchema>;

/**
 * As it is written down:
 * - `issuer`: `iss` of its tokens, exactly; `audience`: an `aud` that they must carry.
 * - `jwks`: `{url}` of its key set (cached, fetched again when a token names an unknown key), or `{keys}` themselves.
 * - `algorithms`: the ones it may sign with; asymmetric ones only.
 * - `tenants`: those it may speak for, or `"*"`. A token that names none belongs to the one tenant listed, if it is one.
 * - `actorIssuers`: other issuers whose principals its tokens may name as the acting one (`act.iss`), and so speak for them. Default: none.
 * - `claims`: where to find things: a claim's name, or a path as an array (`["realm_access", "roles"]`).
 */
export type IssuerInput = z.input<typeof issuerSchema>;

function isSafeUrl(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname));
}
