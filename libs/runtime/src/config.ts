import { durationSetting, readConfig } from "@countersign/config";
import type { AppendKeys } from "@countersign/event-log";
import { z } from "zod";
import { APPEND_KEY_VARIABLES, appendKeySettings, openAppendKeys } from "./append-keys.ts";

/** URL of a PostgreSQL database. */
export const databaseUrlSetting = z.url({
  protocol: /^postgres(ql)?$/,
  message: "must look like postgres://user:password@host:5432/database",
});

const oneNatsUrl = z.url({ protocol: /^(nats|tls)$/ });

/** URL of a nats-server; several of one cluster with commas between. */
export const natsUrlSetting = z
  .string()
  .refine(
    (text) => text.split(",").every((url) => oneNatsUrl.safeParse(url).success),
    "must look like nats://host:4222 or tls://host:4222",
  );

/** Programs stand in the names of subjects and accounts. */
const program = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be 1 to 63 lower-case letters, digits and hyphens"),
  tenant: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must match [a-z0-9][a-z0-9-]{0,62}"),
  contract: z.number().int().min(1).default(1),
  capabilities: z.array(z.string().max(64)).max(20).default(["show"]),
  channels: z.array(z.string().max(200)).max(20).default([]),
  ackSeconds: z.number().int().min(1).max(3600).default(30),
});

const programs = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: "custom", message: "must be a JSON array" });
      return z.NEVER;
    }
  })
  .pipe(z.array(program).max(100))
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, "names a program twice");

const busSchema = z.object({
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

const schema = busSchema.extend({
  databaseUrl: databaseUrlSetting,
  streamReplicas: z.coerce
    .number()
    .refine((count) => [1, 3, 5].includes(count), "must be 1, 3 or 5")
    .default(1),
  streamMaxAge: durationSetting.refine((ms) => ms >= 60_000, "must be at least 1m").default(7 * 86_400_000),
  streamMaxBytes: z.coerce.number().int().min(1_048_576).optional(),
  notifierPrograms: programs.default([]),
  ...appendKeySettings,
});

/** Settings that every service shares. */
export type BusConfig = Readonly<z.output<typeof busSchema>>;

/** Settings that all services share which stand on the log. */
export type RuntimeConfig = Readonly<Omit<z.output<typeof schema>, keyof typeof appendKeySettings>> & { readonly appendKeys: AppendKeys };

const BUS_VARIABLES = {
  natsUrl: "COUNTERSIGN_NATS_URL",
  natsPrefix: "COUNTERSIGN_NATS_PREFIX",
  ledger: "COUNTERSIGN_LEDGER",
  logLevel: "COUNTERSIGN_LOG_LEVEL",
} as const;

const VARIABLES = {
  ...BUS_VARIABLES,
  databaseUrl: "COUNTERSIGN_DATABASE_URL",
  streamReplicas: "COUNTERSIGN_STREAM_REPLICAS",
  streamMaxAge: "COUNTERSIGN_STREAM_MAX_AGE",
  streamMaxBytes: "COUNTERSIGN_STREAM_MAX_BYTES",
  notifierPrograms: "COUNTERSIGN_NOTIFIER_PROGRAMS",
  ...APPEND_KEY_VARIABLES,
} as const;

/**
 * COUNTERSIGN_NATS_URL, _NATS_PREFIX, _LEDGER and _LOG_LEVEL of `readRuntimeConfig`, for a service that stands on the bus alone: the others, the append key among them, are ignored and never opened.
 * @throws ConfigError with every problem
 */
export function readBusConfig(env: NodeJS.ProcessEnv): BusConfig {
  return readConfig(busSchema, BUS_VARIABLES, env);
}

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_DATABASE_URL | required | Postgres 15 or newer, already migrated |
 * | COUNTERSIGN_NATS_URL | required | nats-server 2.9 or newer with JetStream; several of one cluster with commas between |
 * | COUNTERSIGN_NATS_PREFIX | cs | first token of every subject; lets deployments share a NATS |
 * | COUNTERSIGN_APPEND_KEY_FILE | required | the append key: a file with 32 random bytes in base64 or hex, the same for all who read or write the ledgers of a database, and unknown to who runs that; what has no code of it is refused |
 * | COUNTERSIGN_APPEND_EARLIER_KEY_FILES | none | earlier append keys, comma-separated: what was appended under them still counts |
 * | COUNTERSIGN_LEDGER | main | the ledger this process works on |
 * | COUNTERSIGN_STREAM_REPLICAS | 1 | copies of the ledger's stream in a cluster of nats-servers: 1, 3 or 5; the same for all who relay |
 * | COUNTERSIGN_STREAM_MAX_AGE | 7d | how long the stream keeps an event for programs outside, at least 1m; the log keeps it for ever; the same for all who relay |
 * | COUNTERSIGN_STREAM_MAX_BYTES | none | how large the stream may be, at least 1048576: the oldest events go first. NATS sets that much of its storage aside, or refuses; the same for all who relay |
 * | COUNTERSIGN_LOG_LEVEL | info | debug, info, warn or error |
 * | COUNTERSIGN_NOTIFIER_PROGRAMS | none | for whoever relays: notifiers that are programs of their own, whose consumers it makes; JSON, `[{"name": "pager", "tenant": "acme", "contract": 1, "capabilities": ["show"], "channels": ["sms"]}]` |
 * @throws ConfigError with every problem of the settings; once there is none, with every problem of the key files.
 */
export function readRuntimeConfig(env: NodeJS.ProcessEnv): RuntimeConfig {
  const { appendKeyFile, appendEarlierKeyFiles, ...settings } = readConfig(schema, VARIABLES, env);
  return Object.freeze({ ...settings, appendKeys: openAppendKeys({ appendKeyFile, appendEarlierKeyFiles }) });
}
