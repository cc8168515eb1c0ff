import { readFileSync } from "node:fs";
import { ConfigError, durationSetting, portSetting, readConfig } from "@countersign/config";
import { parsePolicy, parseVerifierKey, type TrustPolicy } from "@countersign/tlog";
import { z } from "zod";
import { readKeyFile } from "./adapters/key-files.ts";
import type { LogKeys } from "./signer.ts";

const schema = z.object({
  origin: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]*(?:\/[A-Za-z0-9._-]+)+$/, "must be a name such as log.example.com/main: a host and a path, without scheme")
    .max(200)
    .optional(),
  keyFiles: z.string().optional(),
  retiredKeys: z.string().default(""),
  anchorDirectory: z.string().optional(),
  intervalMs: durationSetting.default(300).refine((value) => value >= 10 && value <= 900, "must be 10ms to 900ms"),
  witnessPolicyFile: z.string().optional(),
  tilesHost: z.string().default("127.0.0.1"),
  tilesPort: portSetting.optional(),
});

const VARIABLES = {
  origin: "COUNTERSIGN_LOG_ORIGIN",
  keyFiles: "COUNTERSIGN_LOG_KEY_FILES",
  retiredKeys: "COUNTERSIGN_LOG_RETIRED_KEYS",
  anchorDirectory: "COUNTERSIGN_ANCHOR_DIR",
  intervalMs: "COUNTERSIGN_SEAL_INTERVAL",
  witnessPolicyFile: "COUNTERSIGN_WITNESS_POLICY_FILE",
  tilesHost: "COUNTERSIGN_TILES_HOST",
  tilesPort: "COUNTERSIGN_TILES_PORT",
} as const;

/** Settings of sealing. */
export type SealingConfig = {
  /** Name of the log; each epoch adds its number. */
  readonly origin: string;
  readonly keys: LogKeys;
  readonly anchorDirectory: string;
  readonly intervalMs: number;
  /** Whose cosignatures are asked for, and how many make a checkpoint witnessed. */
  readonly witnesses: TrustPolicy | undefined;
  readonly tiles: { readonly host: string; readonly port: number } | undefined;
};

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_LOG_ORIGIN | none | name of the log, such as `log.example.com/main`; unset with the two below: nothing is sealed |
 * | COUNTERSIGN_LOG_KEY_FILES | none | PKCS#8 PEM files of Ed25519 keys, separated by commas; every one signs, two during a rotation |
 * | COUNTERSIGN_ANCHOR_DIR | none | directory that remembers what was signed, on storage that no restore of the database touches; the same for all instances |
 * | COUNTERSIGN_LOG_RETIRED_KEYS | none | verifier keys that signed earlier, separated by commas |
 * | COUNTERSIGN_SEAL_INTERVAL | 300ms | how often to look for new events, 10ms to 900ms |
 * | COUNTERSIGN_WITNESS_POLICY_FILE | none | witnesses with their keys and URLs, and the quorum (c2sp.org/tlog-policy) |
 * | COUNTERSIGN_TILES_HOST, COUNTERSIGN_TILES_PORT | 127.0.0.1, none | where checkpoints and hash tiles are served over HTTP; without a port they are not |
 * @returns nothing when nothing is to be sealed. @throws ConfigError with every problem.
 */
export function readSealingConfig(env: NodeJS.ProcessEnv): SealingConfig | undefined {
  const settings = readConfig(schema, VARIABLES, env);
  const { origin, keyFiles, anchorDirectory, intervalMs } = settings;
  if (origin === undefined && keyFiles === undefined && anchorDirectory === undefined) return undefined;
  const problems = (["origin", "keyFiles", "anchorDirectory"] as const)
    .filter((name) => settings[name] === undefined)
    .map((name) => `${VARIABLES[name]}: is required to seal the log, with the other two of its kind`);
  if (origin === undefined || keyFiles === undefined || anchorDirectory === undefined) throw new ConfigError(problems);
  const signing = each(keyFiles, VARIABLES.keyFiles, readKeyFile);
  const retired = each(settings.retiredKeys, VARIABLES.retiredKeys, (text) => parseVerifierKey(text).publicKey);
  const { witnessPolicyFile, tilesHost: host, tilesPort: port } = settings;
  const [witnesses] = each(witnessPolicyFile ?? "", VARIABLES.witnessPolicyFile, (path) => parsePolicy(readFileSync(path)));
  return {
    origin,
    keys: { signing, retired },
    anchorDirectory,
    intervalMs,
    witnesses,
    tiles: port === undefined ? undefined : { host, port },
  };
}

function each<Value>(list: string, variable: string, read: (item: string) => Value): readonly Value[] {
  const items = list
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  return items.map((item) => {
    try {
      return read(item);
    } catch (error) {
      throw new ConfigError([`${variable}: ${error instanceof Error ? error.message : String(error)}`]);
    }
  });
}
