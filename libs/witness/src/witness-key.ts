import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatSignerKey, parseSignerKey, signerKeyOfSeed, type SignerKey } from "@countersign/tlog";

/**
 * The witness's key in its directory, made there when there is none (`witness.key`, readable by its owner alone).
 * @throws Error when the key that is there has another name: its cosignatures would count for nobody.
 */
export function keepWitnessKey(directory: string, name: string): SignerKey {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, "witness.key");
  try {
    // Exclusive creation: a key that is there already stays.
    writeFileSync(file, `${formatSignerKey(signerKeyOfSeed(name, "cosignature", randomBytes(32)))}\n`, {
      flag: "wx",
      mode: 0o600,
      flush: true,
    });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const key = parseSignerKey(readFileSync(file, "utf8").trim());
  if (key.verifier.name !== name || key.verifier.kind !== "cosignature") {
    throw new Error(`${file} is the key of ${key.verifier.name}; use that name, or another directory`);
  }
  return key;
}
