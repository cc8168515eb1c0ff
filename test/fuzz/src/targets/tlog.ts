import { isUtf8 } from "node:buffer";
import {
  acceptCheckpoint,
  appendLeaf,
  appendLeaves,
  EMPTY_RANGE,
  formatAddCheckpoint,
  formatCheckpoint,
  formatCosignatures,
  formatEntryBundle,
  formatNote,
  formatProofFile,
  formatTile,
  formatTreeSize,
  formatVerifierKey,
  leafHash,
  openAddCheckpoint,
  openCheckpoint,
  parseAddCheckpoint,
  parseCheckpoint,
  parseCosignatures,
  parseEntryBundle,
  parseNote,
  parsePolicy,
  parseProofFile,
  parseSignerKey,
  parseTile,
  parseTilePath,
  parseTreeSize,
  parseVerifierKey,
  rootHash,
  signerKeyOfSeed,
  signNote,
  TlogError,
  verifyProofFile,
} from "@countersign/tlog";
import { must, textOf, texts, type Target } from "../engine/target.ts";

const ORIGIN = "countersign.example/main/1";
const key = signerKeyOfSeed(ORIGIN, "note", Buffer.alloc(32, 1));
const witness = signerKeyOfSeed("witness.example/w1", "cosignature", Buffer.alloc(32, 2));
const leaves = Array.from({ length: 3 }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));
const root = rootHash(appendLeaves(EMPTY_RANGE, leaves));
const text = formatCheckpoint({ origin: ORIGIN, size: 3, root, extensions: ["extension"] });
const signatures = [signNote(text, key), signNote(text, witness, 1_790_000_000)];
const checkpoint = formatNote({ text, signatures });
const proof = [rootHash(appendLeaf(EMPTY_RANGE, leaves[0] ?? root)), leaves[2] ?? root];
const policyText = `log ${formatVerifierKey(key.verifier)} https://log.example/\nwitness w1 ${formatVerifierKey(witness.verifier)} https://w1.example/\ngroup all 1 w1\nquorum all\n`;
const policy = parsePolicy(Buffer.from(policyText));

type Read = (bytes: Uint8Array) => Uint8Array | undefined;

/** Each format with what it writes again: the bytes that it read, where there is one way of writing it. */
const FORMATS: Readonly<Record<string, Read>> = {
  note: (bytes) => formatNote(parseNote(bytes)),
  checkpoint: (bytes) => {
    const written = Buffer.from(formatCheckpoint(parseCheckpoint(textOf(bytes))));
    // It takes text, and what is no UTF-8 is none.
    return isUtf8(bytes) ? written : undefined;
  },
  "signed checkpoint": (bytes) => void [openCheckpoint(bytes, [key.verifier], [witness.verifier]), acceptCheckpoint(bytes, policy)],
  "proof file": (bytes) => formatProofFile(parseProofFile(bytes)),
  "proof file under a policy": (bytes) => void verifyProofFile(parseProofFile(bytes), leaves[1] ?? root, policy),
  "witness request": (bytes) => formatAddCheckpoint(parseAddCheckpoint(bytes)),
  "opened witness request": (bytes) => void openAddCheckpoint(parseAddCheckpoint(bytes), [key.verifier]),
  cosignatures: (bytes) => formatCosignatures(parseCosignatures(bytes)),
  "tree size": (bytes) => formatTreeSize(parseTreeSize(bytes)),
  "tile path": (bytes) => void parseTilePath(textOf(bytes)),
  tile: (bytes) => {
    const hashes = parseTile(bytes, 3);
    return bytes.length === 96 ? formatTile(hashes) : undefined;
  },
  "entry bundle": (bytes) => formatEntryBundle(parseEntryBundle(bytes, 3)),
  "verifier key": (bytes) => Buffer.from(formatVerifierKey(parseVerifierKey(textOf(bytes)))),
  "signer key": (bytes) => void parseSignerKey(textOf(bytes)),
  policy: (bytes) => void parsePolicy(bytes),
};

/** All formats of the transparency log, each on the same bytes: what witnesses, monitors and verifiers get from strangers. */
export const tlog: Target = {
  name: "tlog",
  kind: "text",
  refusals: [TlogError],
  words: [
    "— ",
    "\n\n",
    "\n",
    "index ",
    "old ",
    "extra ",
    "c2sp.org/tlog-proof@v1",
    "AAAA",
    "+",
    "group",
    "quorum",
    "any",
    "all",
    "none",
    "tile/0/x001/",
  ],
  quick: 60,
  prepare: () => ({
    seeds: [
      checkpoint,
      formatProofFile({ index: 1, proof, checkpoint, extra: Buffer.from("x") }),
      formatProofFile({ index: 1, proof, checkpoint }),
      formatAddCheckpoint({ oldSize: 1, proof, checkpoint }),
      formatCosignatures(signatures),
      formatTreeSize(3),
      formatTile(leaves),
      formatEntryBundle([Buffer.from("a"), Buffer.alloc(0), Buffer.from("ccc")]),
      ...texts(text, "tile/1/x123/067.p/9", "tile/entries/000", policyText, formatVerifierKey(key.verifier)),
    ],
    run: (input) => {
      for (const [name, read] of Object.entries(FORMATS)) holds(name, read, input);
      return undefined;
    },
  }),
};

function holds(name: string, read: Read, input: Uint8Array): void {
  let written: Uint8Array | undefined;
  try {
    written = read(input);
  } catch (error) {
    if (error instanceof TlogError) return;
    throw error;
  }
  must(written === undefined || Buffer.from(written).equals(input), `${name}: other bytes are written than were read`);
}
