import { readFileSync } from "node:fs";
import { ConfigError, durationSetting, readConfig } from "@countersign/config";
import { readDirectoryClientConfig, type DirectoryClientConfig } from "@countersign/directory-client";
import { type IssuerConfig, readIssuers } from "@countersign/identity";
import { readQuotas, type Quotas } from "@countersign/quotas";
import { z } from "zod";
import { readGrantKeys, type GrantKeys } from "./adapters/grants/grant-keys.ts";

const schema = z.object({
  grantKeyFile: z.string(),
  earlierKeyFiles: z
    .string()
    .default("")
    .transform((text) => text.split(",").filter((path) => path !== "")),
  grantIssuer: z.string().min(1).max(256).default("countersign"),
  policyTimeout: durationSetting.default(1_000),
  verdictWait: durationSetting.default(86_400_000),
  reportWait: durationSetting.default(86_400_000),
  timerInterval: durationSetting.default(500),
  cacheActions: z.coerce.number().int().min(1).max(1_000_000).default(2000),
  cacheMegabytes: z.coerce.number().int().min(1).max(4_096).default(64),
});

const VARIABLES = {
  grantKeyFile: "COUNTERSIGN_GRANT_KEY_FILE",
  earlierKeyFiles: "COUNTERSIGN_GRANT_EARLIER_KEY_FILES",
  grantIssuer: "COUNTERSIGN_GRANT_ISSUER",
  policyTimeout: "COUNTERSIGN_POLICY_TIMEOUT",
  verdictWait: "COUNTERSIGN_VERDICT_WAIT",
  reportWait: "COUNTERSIGN_REPORT_WAIT",
  timerInterval: "COUNTERSIGN_TIMER_INTERVAL",
  cacheActions: "COUNTERSIGN_APPROVAL_CACHE_ACTIONS",
  cacheMegabytes: "COUNTERSIGN_APPROVAL_CACHE_MB",
} as const;

/** Settings of approval; durations in milliseconds. */
export type ApprovalConfig = {
  readonly grantKeys: GrantKeys;
  readonly directory: DirectoryClientConfig;
  /** Whose people may sign in to the page of reviews; none: nobody's. */
  readonly issuers: readonly IssuerConfig[];
  readonly grantIssuer: string;
  readonly policyTimeout: number;
  readonly verdictWait: number;
  readonly reportWait: number;
  readonly timerInterval: number;
  readonly cacheActions: number;
  readonly cacheMegabytes: number;
  readonly quotas: Quotas;
};

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_GRANT_KEY_FILE | required | Ed25519 private key (PKCS#8 PEM) that signs grants and votes; the same for all instances |
 * | COUNTERSIGN_GRANT_EARLIER_KEY_FILES | none | public keys (SPKI PEM) of earlier ones, comma-separated; verifiers still get them |
 * | COUNTERSIGN_GRANT_ISSUER | countersign | `iss` of grant tokens; a change makes tokens that are out impossible to hand out again |
 * | COUNTERSIGN_POLICY_TIMEOUT | 1s | how long a request waits for policy before it is recorded without a verdict |
 * | COUNTERSIGN_VERDICT_WAIT | 24h | how long an action waits for policy before it expires |
 * | COUNTERSIGN_REPORT_WAIT | 24h | how long after a redemption a report may come before the action is UNREPORTED |
 * | COUNTERSIGN_TIMER_INTERVAL | 500ms | how often due timers are looked for |
 * | COUNTERSIGN_APPROVAL_CACHE_ACTIONS | 2000 | actions kept in memory at most; others are read from the log when somebody asks |
 * | COUNTERSIGN_APPROVAL_CACHE_MB | 64 | and how much of it |
 * | COUNTERSIGN_QUOTAS_FILE | none | how many reviews of a tenant may wait for people: see `@countersign/quotas` |
 *
 * And the settings of `@countersign/directory-client`; with COUNTERSIGN_ISSUERS or COUNTERSIGN_ISSUERS_FILE, votes from the page are taken.
 * @throws ConfigError with every problem.
 */
export function readApprovalConfig(env: NodeJS.ProcessEnv): ApprovalConfig {
  const { grantKeyFile, earlierKeyFiles, ...rest } = readConfig(schema, VARIABLES, env);
  const quotas = readQuotas(env);
  const directory = readDirectoryClientConfig(env);
  const issuers = env["COUNTERSIGN_ISSUERS"] || env["COUNTERSIGN_ISSUERS_FILE"] ? readIssuers(env) : [];
  try {
    const earlier = earlierKeyFiles.map((path) => readFileSync(path, "utf8"));
    return Object.freeze({ ...rest, quotas, directory, issuers, grantKeys: readGrantKeys(readFileSync(grantKeyFile, "utf8"), earlier) });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`${VARIABLES.grantKeyFile}, ${VARIABLES.earlierKeyFiles}: ${problem}`]);
  }
}
