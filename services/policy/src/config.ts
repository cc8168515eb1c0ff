import { durationSetting, readConfig } from "@countersign/config";
import { readDirectoryClientConfig, type DirectoryClientConfig } from "@countersign/directory-client";
import { z } from "zod";

const schema = z.object({
  maxAgeMs: durationSetting.refine((ms) => ms >= 100 && ms <= 10_000, "must be 100ms to 10s").default(1000),
  cachedTenants: z.coerce.number().int().min(1).max(100_000).default(1000),
});

export type PolicyConfig = Readonly<z.output<typeof schema>> & { readonly directory: DirectoryClientConfig };

const VARIABLES = { maxAgeMs: "COUNTERSIGN_POLICY_MAX_AGE", cachedTenants: "COUNTERSIGN_POLICY_CACHED_TENANTS" } as const;

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_POLICY_MAX_AGE | 1s | no verdict comes from a policy that the log confirmed longer ago than this; 100ms to 10s |
 * | COUNTERSIGN_POLICY_CACHED_TENANTS | 1000 | tenants whose policy is kept compiled |
 * @throws ConfigError with every problem.
 */
export function readPolicyConfig(env: NodeJS.ProcessEnv): PolicyConfig {
  return { ...readConfig(schema, VARIABLES, env), directory: readDirectoryClientConfig(env) };
}
