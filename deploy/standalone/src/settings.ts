import { ConfigError, portSetting, readConfig } from "@countersign/config";
import { databaseUrlSetting, natsUrlSetting } from "@countersign/runtime";
import { z } from "zod";

/** Where the command line client looks, too. */
export const DEFAULT_DATA_DIR = ".countersign";

const schema = z.object({
  dataDir: z.string().default(DEFAULT_DATA_DIR),
  port: portSetting.default(50_051),
  tilesPort: portSetting.default(50_052),
  databaseUrl: databaseUrlSetting.optional(),
  natsUrl: natsUrlSetting.optional(),
  logLevel: z.enum(["debug", "info", "warn", "error"]).default("warn"),
});

/** What `npm start` makes for itself: somebody's own would be passed over, and their anchor or keys would not be where they believe. */
const MADE_HERE = [
  "COUNTERSIGN_ISSUERS",
  "COUNTERSIGN_ISSUERS_FILE",
  "COUNTERSIGN_APPEND_KEY_FILE",
  "COUNTERSIGN_GRANT_KEY_FILE",
  "COUNTERSIGN_LOG_KEY_FILES",
  "COUNTERSIGN_LOG_ORIGIN",
  "COUNTERSIGN_ANCHOR_DIR",
];

/** Settings of `npm start`. */
export type StartSettings = Readonly<z.output<typeof schema>>;

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_DATA_DIR | .countersign | holds PostgreSQL's and NATS' data, keys and the lock |
 * | COUNTERSIGN_PORT | 50051 | loopback port of the gRPC front door; 0: a free one |
 * | COUNTERSIGN_TILES_PORT | 50052 | loopback port of checkpoints and hash tiles (HTTP); 0: a free one |
 * | COUNTERSIGN_DATABASE_URL | — | use this PostgreSQL; absent: an embedded one |
 * | COUNTERSIGN_NATS_URL | — | use this nats-server; absent: a private one |
 * | COUNTERSIGN_LOG_LEVEL | warn | debug, info, warn or error |
 * @throws ConfigError with every problem
 */
export function readStartSettings(env: NodeJS.ProcessEnv): StartSettings {
  const given = MADE_HERE.filter((name) => env[name]);
  if (given.length > 0) {
    throw new ConfigError(
      given.map((name) => `${name}: npm start has its own, in keys/ of its data directory; for yours run deploy/server`),
    );
  }
  return readConfig(
    schema,
    {
      dataDir: "COUNTERSIGN_DATA_DIR",
      port: "COUNTERSIGN_PORT",
      tilesPort: "COUNTERSIGN_TILES_PORT",
      databaseUrl: "COUNTERSIGN_DATABASE_URL",
      natsUrl: "COUNTERSIGN_NATS_URL",
      logLevel: "COUNTERSIGN_LOG_LEVEL",
    },
    env,
  );
}
