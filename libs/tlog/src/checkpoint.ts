import { formatBase64, parseHash, checkHash } from "./base64.ts";
import type { TreeHead } from "./consistency.ts";
import { TlogError } from "./error.ts";
import type { VerifierKey } from "./key.ts";
import { parseNote, type SignedNote } from "./note.ts";
import { checkCount, parseDecimal } from "./number.ts";
import { type VerifiedSignature, verifyNote } from "./signing.ts";
import { checkText, splitLines } from "./text.ts";

/** What a log says of itself (c2sp.org/tlog-checkpoint): the text of a note. */
export type Checkpoint = TreeHead & {
  /** Name of the log, the first line. */
  readonly origin: string;
  /** Lines after the root, signed but without meaning here. The specification advises against them. */
  readonly extensions: readonly string[];
};

/** Reads the text of a note as a checkpoint. Throws `checkpoint_malformed`, or what its numbers and hashes may be faulted for. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = splitLines(checkText(text, "checkpoint"));
  const [origin, size, root, ...extensions] = lines ?? [];
  if (origin === undefined || size === undefined || root === undefined || lines?.includes("") === true) {
    throw new TlogError("checkpoint_malformed", "a checkpoint has three terminated lines that are not empty: origin, size, root");
  }
  return { origin, size: parseDecimal(size, "tree size"), root: parseHash(root, "root"), extensions };
}

/** Writes the text of a checkpoint; `parseCheckpoint` reads the same back. Throws like it. */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  const lines = [origin, String(checkCount(size, "tree size")), formatBase64(checkHash(root, "root")), ...extensions];
  if (lines.some((line) => line === "" || line.includes("\n"))) {
    throw new TlogError("checkpoint_malformed", "no line of a checkpoint is empty or holds a newline");
  }
  return checkText(`${lines.join("\n")}\n`, "checkpoint");
}

/** A checkpoint whose log signature was verified. */
export type OpenedCheckpoint = {
  readonly checkpoint: Checkpoint;
  readonly note: SignedNote;
  /** All verified signatures, of the log and of known cosigners. */
  readonly signatures: readonly VerifiedSignature[];
};

/**
 * Reads a signed checkpoint and believes it if a key of `logs` with the name of its origin has signed it. Signatures of `cosigners` are verified
 * too and returned; whether they suffice is for a policy to say. Throws `origin_unknown`, `signature_missing`, `signature_invalid`, and what
 * `parseNote` and `parseCheckpoint` throw.
 */
export function openCheckpoint(bytes: Uint8Array, logs: readonly VerifierKey[], cosigners: readonly VerifierKey[] = []): OpenedCheckpoint {
  const note = parseNote(bytes);
  const checkpoint = parseCheckpoint(note.text);
  const ofOrigin = logs.filter(({ name }) => name === checkpoint.origin);
  if (ofOrigin.length === 0) throw new TlogError("origin_unknown", "no known log has the origin of this checkpoint");
  const signatures = verifyNote(note, [...ofOrigin, ...cosigners]);
  if (!signatures.some(({ key }) => ofOrigin.includes(key)))
    throw new TlogError("signature_missing", "the log has not signed this checkpoint");
  return { checkpoint, note, signatures };
}
