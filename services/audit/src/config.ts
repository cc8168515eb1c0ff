import { durationSetting, readConfig } from "@countersign/config";
import { readDirectoryClientConfig, type DirectoryClientConfig } from "@countersign/directory-client";
import { z } from "zod";
import { readSealingConfig, type SealingConfig } from "./sealing/config.ts";

const schema = z.object({
  projectionLinger: durationSetting.default(250).refine((milliseconds) => milliseconds <= 1000, "must be at most 1s"),
});

/** Settings of the audit service. */
export type AuditConfig = Readonly<z.output<typeof schema>> & {
  readonly directory: DirectoryClientConfig;
  /** Absent: nothing is sealed. */
  readonly sealing: SealingConfig | undefined;
};

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_AUDIT_PROJECTION_LINGER | 250ms | how long events are gathered before lists take them in, 0ms to 1s: longer is cheaper, shorter is fresher |
 *
 * Beside these the settings of `@countersign/directory-client`, and of sealing: `sealing/config.ts`.
 * @throws ConfigError with every problem.
 */
export function readAuditConfig(env: NodeJS.ProcessEnv): AuditConfig {
  const settings = readConfig(schema, { projectionLinger: "COUNTERSIGN_AUDIT_PROJECTION_LINGER" }, env);
  return { ...settings, directory: readDirectoryClientConfig(env), sealing: readSealingConfig(env) };
}
