import { readConfig } from "@countersign/config";
import { z } from "zod";

/** URL of a PostgreSQL database. */
export const databaseUrlSetting = z.url({
  protocol: /^postgres(ql)?$/,
  message: "must look like postgres://user:password@host:5432/database",
});

/** URL of a nats-server. */
export const natsUrlSetting = z.url({ protocol: /^(nats|tls)$/, message: "must look like nats://host:4222 or tls://host:4222" });

const schema = z.object({
  databaseUrl: databaseUrlSetting,
  natsUrl: natsUrlSetting,
  natsPrefix: z
    .string()
    .regex(/^[a-z0-9]{1,16}$/, "must be 1 to 16 lower-case letters and digits")
    .default("cs"),
  ledger: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "must be 1 to 32 lower-case letters, digits and hyphens")
    .default("main"),
  logLevel: z.enum(["debug", "info", "warn", "error"]).default("info"),
});

/** Settings that every service shares. */
export type RuntimeConfig = Readonly<z.output<typeof schema>>;

const VARIABLES = {
  databaseUrl: "COUNTERSIGN_DATABASE_URL",
  natsUrl: "COUNTERSIGN_NATS_URL",
  natsPrefix: "COUNTERSIGN_NATS_PREFIX",
  ledger: "COUNTERSIGN_LEDGER",
  logLevel: "COUNTERSIGN_LOG_LEVEL",
} as const;

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_DATABASE_URL | required | Postgres 15 or newer, already migrated |
 * | COUNTERSIGN_NATS_URL | required | nats-server 2.9 or newer with JetStream |
 * | COUNTERSIGN_NATS_PREFIX | cs | first token of every subject; lets deployments share a NATS |
 * | COUNTERSIGN_LEDGER | main | the ledger this process works on |
 * | COUNTERSIGN_LOG_LEVEL | info | debug, info, warn or error |
 * @throws ConfigError with every problem.
 */
export function readRuntimeConfig(env: NodeJS.ProcessEnv): RuntimeConfig {
  return readConfig(schema, VARIABLES, env);
}
