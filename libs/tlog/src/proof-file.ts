import { formatBase64, parseBase64, parseHash, checkHash } from "./base64.ts";
import { TlogError } from "./error.ts";
import { verifyInclusion } from "./inclusion.ts";
import { checkCount, parseDecimal } from "./number.ts";
import { acceptCheckpoint, type AcceptedCheckpoint, type TrustPolicy } from "./policy.ts";
import { formatText, parseText } from "./text.ts";

/** A proof in a file: that an entry is in a log, for somebody who was not there (c2sp.org/tlog-proof). Stored as `*.tlog-proof`. */
export type ProofFile = {
  /** Number of the entry in the log, from 0. */
  readonly index: number;
  /** Inclusion proof, from the leaf's sibling up. */
  readonly proof: readonly Uint8Array[];
  /** Signed checkpoint, verbatim. */
  readonly checkpoint: Uint8Array;
  /** What the application adds. Nothing signs it. */
  readonly extra?: Uint8Array;
};

/** A proof that a policy accepts. */
export type VerifiedProof = AcceptedCheckpoint & { readonly index: number };

/** Reads a proof file; its checkpoint stays unread until `verifyProofFile`. Throws `proof_malformed`, or what its numbers and hashes may be faulted for. */
export function parseProofFile(bytes: Uint8Array): ProofFile {
  const text = parseText(bytes, "proof", MAX_PROOF_BYTES);
  const end = text.indexOf("\n\n");
  const [header, ...lines] = text.slice(0, Math.max(end, 0)).split("\n");
  if (header !== HEADER) throw new TlogError("proof_malformed", `a proof starts with ${HEADER}`);
  const extra = lines[0]?.startsWith(EXTRA) === true ? readExtra(lines.shift()) : {};
  const index = lines.shift();
  if (index?.startsWith(INDEX) !== true) throw new TlogError("proof_malformed", "a proof has a line with the index");
  if (lines.length > MAX_HASHES) throw new TlogError("proof_malformed", `a proof has at most ${MAX_HASHES} hashes`);
  return {
    index: parseDecimal(index.slice(INDEX.length), "index"),
    proof: lines.map((line, number) => parseHash(line, `proof hash ${number}`)),
    checkpoint: formatText(text.slice(end + 2)),
    ...extra,
  };
}

/** Writes a proof file; `parseProofFile` reads the same back. Throws like it. */
export function formatProofFile({ index, proof, checkpoint, extra }: ProofFile): Buffer {
  const lines = [
    HEADER,
    ...(extra === undefined || extra.length === 0 ? [] : [EXTRA + formatBase64(extra)]),
    INDEX + String(checkCount(index, "index")),
    ...proof.map((hash, number) => formatBase64(checkHash(hash, `proof hash ${number}`))),
  ];
  if (proof.length > MAX_HASHES) throw new TlogError("proof_malformed", `a proof has at most ${MAX_HASHES} hashes`);
  const bytes = Buffer.concat([formatText(`${lines.join("\n")}\n\n`), checkpoint]);
  parseText(bytes, "proof", MAX_PROOF_BYTES);
  return bytes;
}

/**
 * Passes if the policy accepts the checkpoint and the proof binds `leaf` (the leaf hash of the entry at hand) to it. Returns what was proven: the index, the
 * checkpoint, and who cosigned it when. Throws a `TlogError` that says which of the steps failed.
 */
export function verifyProofFile(file: ProofFile, leaf: Uint8Array, policy: TrustPolicy): VerifiedProof {
  const accepted = acceptCheckpoint(file.checkpoint, policy);
  verifyInclusion({ index: file.index, leaf, size: accepted.checkpoint.size, root: accepted.checkpoint.root }, file.proof);
  return { ...accepted, index: file.index };
}

function readExtra(line: string | undefined): { extra: Uint8Array } {
  const extra = parseBase64((line ?? "").slice(EXTRA.length), "extra data");
  if (extra.length === 0) throw new TlogError("proof_malformed", "the line of the extra data is empty");
  return { extra };
}

const HEADER = "c2sp.org/tlog-proof@v1";
const EXTRA = "extra ";
const INDEX = "index ";
/** A tree of 2^53 leaves is 53 levels high; the others of C2SP allow 63. */
const MAX_HASHES = 63;
const MAX_PROOF_BYTES = 2_000_000;
