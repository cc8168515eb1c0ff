import { checkHash, formatBase64, parseHash } from "./base64.ts";
import { openCheckpoint, type OpenedCheckpoint } from "./checkpoint.ts";
import { type TreeHead, verifyConsistency } from "./consistency.ts";
import { TlogError, type TlogErrorCode } from "./error.ts";
import type { VerifierKey } from "./key.ts";
import { EMPTY_ROOT, sha256 } from "./leaf.ts";
import { formatSignatureLines, type NoteSignature, parseSignatureLines } from "./note.ts";
import { checkCount, parseDecimal } from "./number.ts";
import { formatText, parseText, splitLines } from "./text.ts";

/** Body of `add-checkpoint` (c2sp.org/tlog-witness): a new checkpoint, and proof that it continues the one that the witness has. */
export type AddCheckpoint = {
  /** Size that the client believes the witness has; 0 if none. */
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  /** Signed checkpoint, verbatim. */
  readonly checkpoint: Uint8Array;
};

/** Reads the body. Throws `witness_request_malformed`, or what its numbers and hashes may be faulted for. */
export function parseAddCheckpoint(bytes: Uint8Array): AddCheckpoint {
  const text = parseText(bytes, "request");
  const end = text.indexOf("\n\n");
  const [old, ...lines] = text.slice(0, Math.max(end, 0)).split("\n");
  if (old?.startsWith(OLD) !== true)
    throw new TlogError("witness_request_malformed", "a request starts with the old size, and has an empty line");
  if (lines.length > MAX_HASHES) throw new TlogError("witness_request_malformed", `a request has at most ${MAX_HASHES} hashes`);
  return {
    oldSize: parseDecimal(old.slice(OLD.length), "old size"),
    proof: lines.map((line, number) => parseHash(line, `proof hash ${number}`)),
    checkpoint: formatText(text.slice(end + 2)),
  };
}

/** Writes the body; `parseAddCheckpoint` reads the same back. Throws like it. */
export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): Buffer {
  if (proof.length > MAX_HASHES) throw new TlogError("witness_request_malformed", `a request has at most ${MAX_HASHES} hashes`);
  const hashes = proof.map((hash, number) => formatBase64(checkHash(hash, `proof hash ${number}`)));
  const lines = [OLD + String(checkCount(oldSize, "old size")), ...hashes];
  const bytes = Buffer.concat([formatText(`${lines.join("\n")}\n\n`), checkpoint]);
  parseText(bytes, "request");
  return bytes;
}

/** What a witness checks before it asks its store: the log is known and has signed. Throws `origin_unknown`, `signature_missing`, `signature_invalid`. */
export function openAddCheckpoint(request: AddCheckpoint, logs: readonly VerifierKey[]): OpenedCheckpoint {
  const opened = openCheckpoint(request.checkpoint, logs);
  if (request.oldSize > opened.checkpoint.size)
    throw new TlogError("witness_request_malformed", "the old size is larger than the checkpoint's");
  return opened;
}

/**
 * What a witness checks against the newest head that it has cosigned for this origin (undefined if none), in one transaction with storing the new one. Throws
 * `witness_conflict`, `root_mismatch` or `proof_length_wrong`.
 */
export function checkAdvance(request: AddCheckpoint, next: TreeHead, newest: TreeHead = { size: 0, root: EMPTY_ROOT }): void {
  if (request.oldSize !== newest.size) throw new TlogError("witness_conflict", `the newest cosigned checkpoint has size ${newest.size}`);
  verifyConsistency(newest, next, request.proof);
}

/** HTTP status with which a witness refuses. A 409 has the newest size as its body, see `formatTreeSize`. */
export function witnessStatus(code: TlogErrorCode): 400 | 403 | 404 | 409 | 422 {
  switch (code) {
    case "origin_unknown":
      return 404;
    case "signature_missing":
    case "signature_invalid":
    case "key_ambiguous":
      return 403;
    case "witness_conflict":
      return 409;
    case "root_mismatch":
    case "proof_length_wrong":
      return 422;
    default:
      return 400;
  }
}

/** Reads the body of a 200: signature lines to put under the checkpoint. Verify them, and ignore those of unknown keys. Throws `witness_response_malformed`. */
export function parseCosignatures(bytes: Uint8Array): readonly NoteSignature[] {
  const signatures = parseSignatureLines(parseText(bytes, "response"));
  if (signatures.length === 0) throw new TlogError("witness_response_malformed", "the witness answered with no signature");
  return signatures;
}

/** Writes the body of a 200. */
export const formatCosignatures = (signatures: readonly NoteSignature[]): Buffer => formatText(formatSignatureLines(signatures));

/** Content type of a 409. */
export const TREE_SIZE_TYPE = "text/x.tlog.size";

/** Reads the body of a 409: the size that the witness has. Throws `witness_response_malformed`, `number_malformed` or `number_out_of_range`. */
export function parseTreeSize(bytes: Uint8Array): number {
  const [size, ...rest] = splitLines(parseText(bytes, "response")) ?? [];
  if (size === undefined || rest.length > 0) throw new TlogError("witness_response_malformed", "a tree size is one terminated line");
  return parseDecimal(size, "tree size");
}

/** Writes the body of a 409. Throws `number_out_of_range`. */
export const formatTreeSize = (size: number): Buffer => formatText(`${checkCount(size, "tree size")}\n`);

/** Path under a witness's monitoring prefix where it shows the newest checkpoint of a log that it cosigned. */
export const witnessedPath = (origin: string): string => `${sha256(formatText(origin)).toString("hex")}/checkpoint`;

const OLD = "old ";
const MAX_HASHES = 63;
