import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ConfigError, parseYaml } from "@countersign/config";
import { z } from "zod";
import { TENANT_NAME } from "./issuer-config.ts";

const PATH = /^(\/(\*|[A-Za-z0-9._-]+))+$/;

const workload = z.strictObject({
  path: z.string().regex(PATH, "must look like /ns/prod/sa/runbook; a segment may be *, which stands for any one"),
  tenant: z.string().regex(TENANT_NAME, "must match [a-z0-9][a-z0-9-]{0,62}"),
  roles: z.array(z.string().min(1)).default([]),
});

const trustDomain = z.strictObject({
  trustDomain: z.string().regex(/^[a-z0-9._-]{1,255}$/, "must be a SPIFFE trust domain such as acme.example"),
  caFile: z.string().min(1),
  workloads: z.array(workload).min(1),
});

const schema = z
  .array(trustDomain)
  .min(1, "needs at least one trust domain")
  .refine((domains) => new Set(domains.map((each) => each.trustDomain)).size === domains.length, "names a trust domain twice");

/**
 * A SPIFFE trust domain whose workloads may call with their certificates (X.509-SVID) in place of tokens.
 * The first entry of `workloads` whose path matches says the tenant and the roles; no entry, no caller.
 */
export type TrustDomain = {
  readonly trustDomain: string;
  /** PEM of the authorities that sign this domain's certificates, and no other domain's. */
  readonly ca: Buffer;
  readonly workloads: readonly { readonly path: string; readonly tenant: string; readonly roles: readonly string[] }[];
};

/**
 * Reads the file that `COUNTERSIGN_TRUST_DOMAINS_FILE` names: a YAML or JSON list of `{trustDomain, caFile, workloads: [{path, tenant, roles}]}`.
 * Without it there are none.
 * @throws ConfigError with every problem.
 */
export function readTrustDomains(env: NodeJS.ProcessEnv): readonly TrustDomain[] {
  const file = env["COUNTERSIGN_TRUST_DOMAINS_FILE"];
  if (!file) return [];
  const parsed = schema.safeParse(attempt(() => parseYaml(readFileSync(file, "utf8"))));
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${[NAME, ...path].join(".")}: ${message}`));
  return parsed.data.map(({ caFile, ...domain }) => ({ ...domain, ca: attempt(() => readAuthorities(caFile)) }));
}

const NAME = "COUNTERSIGN_TRUST_DOMAINS_FILE";

function readAuthorities(caFile: string): Buffer {
  const pem = readFileSync(caFile);
  authoritiesOf(pem);
  return pem;
}

/** The certificates of a PEM bundle. @throws when there is none, or one cannot be read. */
export function authoritiesOf(bundle: Buffer): readonly X509Certificate[] {
  const blocks = bundle.toString("latin1").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error("holds no certificate");
  return blocks.map((block) => new X509Certificate(block));
}

function attempt<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw new ConfigError([`${NAME}: ${String(error)}`]);
  }
}
