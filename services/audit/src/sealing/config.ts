import { readFileSync } from "node:fs";
import { ConfigError, durationSetting, portSetting, readConfig } from "@countersign/config";
import { parsePolicy, parseVerifierKey, type TrustPolicy } from "@countersign/tlog";
import { z } from "zod";
import { readKeyFile } from "./adapters/key-files.ts";
import { vaultKey } from "./adapters/vault-keys.ts";
import type { SigningKey } from "./ports.ts";
import type { LogKeys } from "./signer.ts";

const schema = z.object({
  origin: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]*(?:\/[A-Za-z0-9._-]+)+$/, "must be a name such as log.example.com/main: a host and a path, without scheme")
    .max(200)
    .optional(),
  keyFiles: z.string().optional(),
  vaultAddress: z.url().optional(),
  vaultTokenFile: z.string().min(1).optional(),
  vaultNamespace: z
    .string()
    .regex(/^[\w./-]+$/, "is no namespace")
    .optional(),
  vaultKeys: z.string().optional(),
  vaultTimeoutMs: durationSetting.default(2000).refine((value) => value >= 10 && value <= 10_000, "must be 10ms to 10s"),
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
  vaultAddress: "COUNTERSIGN_LOG_VAULT_ADDRESS",
  vaultTokenFile: "COUNTERSIGN_LOG_VAULT_TOKEN_FILE",
  vaultNamespace: "COUNTERSIGN_LOG_VAULT_NAMESPACE",
  vaultKeys: "COUNTERSIGN_LOG_VAULT_KEYS",
  vaultTimeoutMs: "COUNTERSIGN_LOG_VAULT_TIMEOUT",
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
 * | COUNTERSIGN_LOG_VAULT_KEYS | none | Ed25519 keys in the transit engine of a HashiCorp Vault, `<mount>/<key>:<version>=<public key in base64>`, separated by commas; beside key files or in their place |
 * | COUNTERSIGN_LOG_VAULT_ADDRESS, COUNTERSIGN_LOG_VAULT_TOKEN_FILE | none | the Vault, by https; a file with the token, which is read for each signature |
 * | COUNTERSIGN_LOG_VAULT_NAMESPACE, COUNTERSIGN_LOG_VAULT_TIMEOUT | none, 2s | its namespace; how long a signature may take |
 * | COUNTERSIGN_ANCHOR_DIR | none | directory that remembers what was signed, on storage that no restore of the database touches; the same for all instances |
 * | COUNTERSIGN_LOG_RETIRED_KEYS | none | verifier keys that signed earlier, separated by commas |
 * | COUNTERSIGN_SEAL_INTERVAL | 300ms | how often to look for new events, 10ms to 900ms |
 * | COUNTERSIGN_WITNESS_POLICY_FILE | none | witnesses with their keys and URLs, and the quorum (c2sp.org/tlog-policy) |
 * | COUNTERSIGN_TILES_HOST, COUNTERSIGN_TILES_PORT | 127.0.0.1, none | where checkpoints and hash tiles are served over HTTP; without a port they are not |
 * @returns nothing when nothing is to be sealed. @throws ConfigError with every problem.
 */
export function readSealingConfig(env: NodeJS.ProcessEnv): SealingConfig | undefined {
  const settings = readConfig(schema, VARIABLES, env);
  const { origin, anchorDirectory, intervalMs } = settings;
  const keyFiles = settings.keyFiles ?? settings.vaultKeys;
  if (origin === undefined && keyFiles === undefined && anchorDirectory === undefined) return undefined;
  const given = { origin, keyFiles, anchorDirectory };
  const problems = (["origin", "keyFiles", "anchorDirectory"] as const)
    .filter((name) => given[name] === undefined)
    .map((name) => `${VARIABLES[name]}: is required to seal the log, with the other two of its kind`);
  if (origin === undefined || keyFiles === undefined || anchorDirectory === undefined) throw new ConfigError(problems);
  const signing = [...each(settings.keyFiles ?? "", VARIABLES.keyFiles, readKeyFile), ...vaultKeys(settings)];
  if (signing.length === 0) throw new ConfigError([`${VARIABLES.keyFiles}: names no key, and ${VARIABLES.vaultKeys} none either`]);
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

function vaultKeys(settings: z.infer<typeof schema>): readonly SigningKey[] {
  const {
    vaultKeys: list,
    vaultAddress: address,
    vaultTokenFile: tokenFile,
    vaultNamespace: namespace,
    vaultTimeoutMs: timeoutMs,
  } = settings;
  if (list === undefined) return [];
  if (address === undefined || tokenFile === undefined) {
    throw new ConfigError([`${VARIABLES.vaultKeys}: needs ${VARIABLES.vaultAddress} and ${VARIABLES.vaultTokenFile}`]);
  }
  return each(list, VARIABLES.vaultKeys, (text) => vaultKey(text, { address, tokenFile, namespace, timeoutMs }));
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
