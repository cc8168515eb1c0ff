import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDevelopmentIssuer, type DevelopmentIssuer } from "@countersign/identity";
import { readAppendKeys, type AppendKeys } from "@countersign/runtime";

/** Keys of a machine that is nobody's production: made at the first start, kept with the data. */
export type DevelopmentKeys = {
  readonly issuer: DevelopmentIssuer;
  readonly appendKeys: AppendKeys;
  /** Settings that make the services trust the issuer, and append, and sign grants and checkpoints. */
  readonly env: Readonly<Record<string, string>>;
};

/** Makes the keys in `dir`, or takes those that are there. */
export async function developmentKeys(dir: string): Promise<DevelopmentKeys> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const issuer = await createDevelopmentIssuer({ dir });
  const grantKeyFile = join(dir, "grant-key.pem");
  keepKey(grantKeyFile, signingKey());
  const logKeyFile = join(dir, "log-key.pem");
  keepKey(logKeyFile, signingKey());
  const appendKeyFile = join(dir, "append-key.hex");
  keepKey(appendKeyFile, randomBytes(32).toString("hex"));
  const env = {
    COUNTERSIGN_ISSUERS: JSON.stringify([issuer.issuer]),
    COUNTERSIGN_APPEND_KEY_FILE: appendKeyFile,
    COUNTERSIGN_GRANT_KEY_FILE: grantKeyFile,
    COUNTERSIGN_LOG_KEY_FILES: logKeyFile,
    COUNTERSIGN_LOG_ORIGIN: "countersign.localhost/development",
    // Beside the database, not in it: deleting or restoring one of them alone is found out.
    COUNTERSIGN_ANCHOR_DIR: join(dir, "anchor"),
  };
  return { issuer, appendKeys: readAppendKeys(env), env };
}

function signingKey(): string | Buffer {
  return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
}

function keepKey(file: string, key: string | Buffer): void {
  try {
    // Exclusive creation: a key that is there already stays.
    writeFileSync(file, key, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
