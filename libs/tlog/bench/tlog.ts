// What proofs cost: `node libs/tlog/bench/tlog.ts`. Rates per second of CPU time, so that a busy machine says nearly the same as an idle one.
import {
  consistencyProof,
  edgeRange,
  EMPTY_EDGE,
  formatCheckpoint,
  formatNote,
  formatProofFile,
  formatVerifierKey,
  growEdge,
  inclusionProof,
  leafHash,
  nodesOfTiles,
  parsePolicy,
  parseProofFile,
  rootHash,
  signerKeyOfSeed,
  signNote,
  tilePath,
  verifyConsistency,
  verifyInclusion,
  verifyProofFile,
  verifySignature,
} from "../src/index.ts";

const SIZE = 200_000;
const ENTRY_BYTES = 600;

const log = signerKeyOfSeed("countersign.example/bench/1", "note", Buffer.alloc(32, 1));
const witness = signerKeyOfSeed("witness.example/1", "cosignature", Buffer.alloc(32, 2));
const entry = Buffer.alloc(ENTRY_BYTES, 7);
const leaf = leafHash(Buffer.from("123456"));
const index = 123_456;

const leaves = Array.from({ length: SIZE }, (_, number) => leafHash(Buffer.from(String(number))));
measure(`leaf hashes, entries of ${ENTRY_BYTES} bytes`, 200_000, () => leafHash(entry));

const files = new Map<string, Uint8Array>();
let edge = EMPTY_EDGE;
measure(
  "leaves appended to tiles, 1,000 at a time",
  SIZE / 1_000,
  (run) => {
    const grown = growEdge(edge, leaves.slice(edge.size, 1_000 * (run + 1)));
    for (const { id, bytes } of grown.tiles) files.set(tilePath(id), bytes);
    edge = grown.edge;
  },
  1_000,
);
const root = rootHash(edgeRange(edge));
const source = nodesOfTiles(SIZE, (tile) => files.get(tilePath(tile)) ?? Buffer.alloc(0));

measure("inclusion proofs made from tiles, in order", 20_000, (run) => inclusionProof(run, SIZE, source));
measure("inclusion proofs made from tiles, at random", 500, (run) => inclusionProof((run * 7_919) % SIZE, SIZE, source));
const proof = inclusionProof(index, SIZE, source);
measure(`inclusion proofs verified (${proof.length} hashes)`, 30_000, () => verifyInclusion({ index, size: SIZE, leaf, root }, proof));
const older = { size: 150_001, root: rootHash(edgeRange(growEdge(EMPTY_EDGE, leaves.slice(0, 150_001)).edge)) };
const growth = consistencyProof(older.size, SIZE, source);
measure(`consistency proofs verified (${growth.length} hashes)`, 20_000, () => verifyConsistency(older, { size: SIZE, root }, growth));

const text = formatCheckpoint({ origin: log.verifier.name, size: SIZE, root, extensions: [] });
measure("checkpoints signed", 3_000, () => signNote(text, log));
const logLine = signNote(text, log);
measure("signatures verified", 3_000, () => verifySignature(text, logLine, log.verifier));
const checkpoint = formatNote({ text, signatures: [logLine, signNote(text, witness, 1_790_000_000)] });
const policy = parsePolicy(
  Buffer.from(`log ${formatVerifierKey(log.verifier)}\nwitness w ${formatVerifierKey(witness.verifier)}\nquorum w\n`),
);
const file = formatProofFile({ index, proof, checkpoint });
measure("proof files verified (log and one witness)", 2_000, () => verifyProofFile(parseProofFile(file), leaf, policy));

function measure(name: string, runs: number, once: (run: number) => unknown, perRun = 1): void {
  const start = process.cpuUsage();
  for (let run = 0; run < runs; run += 1) once(run);
  const { user, system } = process.cpuUsage(start);
  process.stdout.write(`${name}: ${Math.round((runs * perRun) / ((user + system) / 1e6)).toLocaleString("en")} /s\n`);
}
