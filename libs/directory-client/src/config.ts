import { booleanSetting, ConfigError, durationSetting, readConfig } from "@countersign/config";
import { z } from "zod";

const schema = z.object({
  managedTenants: z
    .string()
    .transform((text) => text.split(",").map((name) => name.trim()))
    .refine((names) => names.every((name) => /^[a-z0-9][a-z0-9-]{0,62}$/.test(name)), "must be tenants, separated by commas")
    .default([]),
  withoutDirectory: booleanSetting.default(false),
  timeoutMs: durationSetting.refine((ms) => ms >= 50 && ms <= 10_000, "must be 50ms to 10s").default(2000),
});

/** Which tenants keep their people in the directory, and how long an answer may take. */
export type DirectoryClientConfig = Readonly<z.output<typeof schema>>;

const VARIABLES = {
  managedTenants: "COUNTERSIGN_MANAGED_TENANTS",
  withoutDirectory: "COUNTERSIGN_WITHOUT_DIRECTORY",
  timeoutMs: "COUNTERSIGN_DIRECTORY_TIMEOUT",
} as const;

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_MANAGED_TENANTS | — | tenants whose people are kept in the directory, separated by commas; the same value for every process. For others, what a token says of groups counts |
 * | COUNTERSIGN_WITHOUT_DIRECTORY | false | true: this deployment runs no directory at all, so nobody is asked; otherwise nobody decides while it does not answer |
 * | COUNTERSIGN_DIRECTORY_TIMEOUT | 2s | how long the directory may take to say who somebody is; then nobody knows, and nobody may decide; 50ms to 10s |
 * @throws ConfigError with every problem.
 */
export function readDirectoryClientConfig(env: NodeJS.ProcessEnv): DirectoryClientConfig {
  const config = readConfig(schema, VARIABLES, env);
  if (!config.withoutDirectory || config.managedTenants.length === 0) return config;
  throw new ConfigError([
    `${VARIABLES.withoutDirectory}: people of ${VARIABLES.managedTenants} are kept in a directory, so there must be one`,
  ]);
}
