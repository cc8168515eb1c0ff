import { durationSetting, readConfig } from "@countersign/config";
import { z } from "zod";

const schema = z.object({
  projectionLinger: durationSetting.default(50).refine((milliseconds) => milliseconds <= 1000, "must be at most 1s"),
});

/** Settings of the audit service. */
export type AuditConfig = Readonly<z.output<typeof schema>>;

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_AUDIT_PROJECTION_LINGER | 50ms | how long events are gathered before lists take them in, 0ms to 1s: longer is cheaper, shorter is fresher |
 * @throws ConfigError with every problem.
 */
export function readAuditConfig(env: NodeJS.ProcessEnv): AuditConfig {
  return readConfig(schema, { projectionLinger: "COUNTERSIGN_AUDIT_PROJECTION_LINGER" }, env);
}
