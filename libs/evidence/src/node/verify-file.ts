import { open, readFile, stat } from "node:fs/promises";
import { parsePolicy, parseVerifierKey, TlogError } from "@countersign/tlog";
import { readGrantKeys } from "../grant-keys.ts";
import { findingsOf, formatFindings } from "../verify/findings.ts";
import { examineHere } from "../verify/examiner.ts";
import type { Trust } from "../verify/trust.ts";
import { verifyArchive } from "../verify/verify-archive.ts";
import { examineInWorkers } from "./segment-worker.ts";

/** What a user pins, as given on a command line. */
export type VerifyOptions = {
  readonly file: string;
  /** Verifier keys (`<name>+<id>+<key>`); any of them may have signed. */
  readonly keys: readonly string[];
  /** A tlog-policy file: whose checkpoints count, and which witnesses must have seen them. */
  readonly policyFile?: string | undefined;
  /** A JWK set with the keys of votes. */
  readonly voteKeysFile?: string | undefined;
  readonly json?: boolean | undefined;
  /** The module that worker threads start with, where it is not `main.ts` beside this file. */
  readonly worker?: URL | undefined;
};

/** The command line or a file that it names is not usable: nothing was verified. */
export class VerifyUsageError extends Error {
  override readonly name = "VerifyUsageError";
}

/**
 * Verifies a file offline and prints what was found. Returns whether it is without flaws.
 * @throws VerifyUsageError
 */
export async function verifyFile(options: VerifyOptions, print: (text: string) => void): Promise<boolean> {
  const trust = await readTrust(options);
  const worker = options.worker ?? new URL("../main.ts", import.meta.url);
  const examiner = (await bytesOf(options.file)) < MANY_BYTES ? examineHere : examineInWorkers(worker);
  const verification = await verifyArchive(read(options.file), trust, examiner);
  const findings = findingsOf(verification, trust);
  const good = verification.flaws.count === 0;
  print(options.json === true ? `${JSON.stringify({ good, ...findings, flaws: verification.flaws.listed })}\n` : formatFindings(findings));
  return good;
}

async function bytesOf(file: string): Promise<number> {
  return (await stat(file).catch(unreadable(file))).size;
}

/** Reads all of it into one buffer: each chunk is good until the next one is asked for. */
async function* read(file: string): AsyncGenerator<Uint8Array> {
  const handle = await open(file).catch(unreadable(file));
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  try {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, null).catch(unreadable(file));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function readTrust({ keys, policyFile, voteKeysFile }: VerifyOptions): Promise<Trust> {
  if (keys.length === 0 && policyFile === undefined) {
    throw new VerifyUsageError("pin the log's key with --key, or a policy with --policy: a key that comes with the archive proves nothing");
  }
  const voteKeys = voteKeysFile === undefined ? undefined : readGrantKeys(await readWhole(voteKeysFile));
  if (voteKeysFile !== undefined && voteKeys === undefined) throw new VerifyUsageError(`${voteKeysFile} is no JWK set of Ed25519 keys`);
  const policy = policyFile === undefined ? undefined : await readWhole(policyFile);
  try {
    return { keys: keys.map(parseVerifierKey), policy: policy === undefined ? undefined : parsePolicy(policy), voteKeys };
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause;
    throw new VerifyUsageError(cause.message, { cause });
  }
}

const readWhole = (file: string): Promise<Buffer> => readFile(file).catch(unreadable(file));

const unreadable =
  (file: string) =>
  (cause: unknown): never => {
    throw new VerifyUsageError(`${file} cannot be read`, { cause });
  };

const READ_BYTES = 1024 * 1024;
/** From here on threads are worth their start. */
const MANY_BYTES = 8 * 1024 * 1024;
