import { booleanSetting, ConfigError, portSetting, readConfig, readSettingFile } from "@countersign/config";
import { readDirectoryClientConfig } from "@countersign/directory-client";
import { readQuotas, type Quotas } from "@countersign/quotas";
import { z } from "zod";
import { readDirectoryFile, type TenantSettings } from "./directory-file.ts";

const schema = z.object({
  file: z.string().optional(),
  host: z.string().default("127.0.0.1"),
  port: portSetting.default(50_052),
  plaintext: booleanSetting.default(false),
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ""))
    .optional(),
  tlsCertFile: z.string().optional(),
  tlsKeyFile: z.string().optional(),
});

const VARIABLES = {
  file: "COUNTERSIGN_DIRECTORY_FILE",
  host: "COUNTERSIGN_SCIM_HOST",
  port: "COUNTERSIGN_SCIM_PORT",
  plaintext: "COUNTERSIGN_SCIM_PLAINTEXT",
  publicUrl: "COUNTERSIGN_SCIM_PUBLIC_URL",
  tlsCertFile: "COUNTERSIGN_SCIM_TLS_CERT_FILE",
  tlsKeyFile: "COUNTERSIGN_SCIM_TLS_KEY_FILE",
} as const;

/** Settings of the directory. */
export type DirectoryConfig = {
  /** None: no tenant keeps its people here, and nothing listens. */
  readonly tenants: ReadonlyMap<string, TenantSettings>;
  readonly quotas: Quotas;
  readonly scim: {
    readonly host: string;
    readonly port: number;
    readonly publicUrl: string | undefined;
    readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  };
};

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_MANAGED_TENANTS | — | see `readDirectoryClientConfig`; exactly the tenants of the file |
 * | COUNTERSIGN_DIRECTORY_FILE | none: no tenants | YAML or JSON file with the tenants; it may hold a PagerDuty key, so keep it readable for the service only |
 * | COUNTERSIGN_QUOTAS_FILE | none | how many people, groups, memberships and delegations a tenant may have: see `@countersign/quotas` |
 * | COUNTERSIGN_SCIM_HOST | 127.0.0.1 | address to listen on for SCIM |
 * | COUNTERSIGN_SCIM_PORT | 50052 | port; 0 takes a free one |
 * | COUNTERSIGN_SCIM_TLS_CERT_FILE, COUNTERSIGN_SCIM_TLS_KEY_FILE | none | PEM; needed unless the address is loopback |
 * | COUNTERSIGN_SCIM_PLAINTEXT | false | true: no TLS on other addresses either, behind a proxy or mesh that adds it |
 * | COUNTERSIGN_SCIM_PUBLIC_URL | — | what the provider calls this endpoint, for `location`: https://scim.example.com |
 * @throws ConfigError with every problem.
 */
export function readDirectoryConfig(env: NodeJS.ProcessEnv): DirectoryConfig {
  const { file, host, port, plaintext, publicUrl, tlsCertFile, tlsKeyFile } = readConfig(schema, VARIABLES, env);
  const tenants = file === undefined ? new Map<string, TenantSettings>() : readDirectoryFile(file);
  checkTenants([...tenants.keys()], readDirectoryClientConfig(env).managedTenants);
  const tls = tenants.size === 0 ? undefined : readTls(host, plaintext, tlsCertFile, tlsKeyFile);
  return Object.freeze({ tenants, quotas: readQuotas(env), scim: { host, port, publicUrl, tls } });
}

/** P7: a tenant that others take for one without a directory would let a token say who is in which group. */
function checkTenants(kept: readonly string[], managed: readonly string[]): void {
  const problems = [
    ...kept.filter((tenant) => !managed.includes(tenant)).map((tenant) => `must name ${tenant}, which COUNTERSIGN_DIRECTORY_FILE has`),
    ...managed.filter((tenant) => !kept.includes(tenant)).map((tenant) => `names ${tenant}, which COUNTERSIGN_DIRECTORY_FILE has not`),
  ];
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `COUNTERSIGN_MANAGED_TENANTS: ${problem}`));
}

function readTls(host: string, plaintext: boolean, cert: string | undefined, key: string | undefined): DirectoryConfig["scim"]["tls"] {
  if (cert !== undefined && key !== undefined) {
    return { cert: readSettingFile(VARIABLES.tlsCertFile, cert), key: readSettingFile(VARIABLES.tlsKeyFile, key) };
  }
  if (cert !== undefined || key !== undefined)
    throw new ConfigError([`${VARIABLES.tlsCertFile}, ${VARIABLES.tlsKeyFile}: set both of them`]);
  if (plaintext || ["127.0.0.1", "::1", "localhost"].includes(host)) return undefined;
  throw new ConfigError([
    `${VARIABLES.tlsCertFile}: is required to listen on ${host}: tokens must not cross a network in the clear (${VARIABLES.plaintext}=true if something in front adds TLS)`,
  ]);
}
