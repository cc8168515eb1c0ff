import { describe, expect, it } from "vitest";
import {
  type AddCheckpoint,
  checkAdvance,
  EMPTY_ROOT,
  formatAddCheckpoint,
  formatCheckpoint,
  formatCosignatures,
  formatNote,
  formatTreeSize,
  openAddCheckpoint,
  openCheckpoint,
  parseAddCheckpoint,
  parseCosignatures,
  parseSignerKey,
  parseTreeSize,
  parseVerifierKey,
  signerKey,
  signNote,
  TREE_SIZE_TYPE,
  verifyNote,
  witnessedPath,
  witnessStatus,
} from "./index.ts";
import { flip, leaves, refusal } from "./testing/trees.ts";
import { type Notes, readTestdata } from "./testing/testdata.ts";

const { witness: vectors } = readTestdata("notes.json") as Notes;
const log = parseVerifierKey(vectors.log.vkey);
const first = openCheckpoint(Buffer.from(vectors.first), [log]).checkpoint;
const next = openCheckpoint(Buffer.from(vectors.next), [log]).checkpoint;
const request: AddCheckpoint = {
  oldSize: 5,
  proof: vectors.proof.map((hash) => Buffer.from(hash, "hex")),
  checkpoint: Buffer.from(vectors.next),
};
const body = formatAddCheckpoint(request);

/** HTTP status that a witness with this state gives. */
function statusOf(bytes: Uint8Array, newest = first, logs = [log]): number {
  const code = refusal(() => {
    const parsed = parseAddCheckpoint(bytes);
    checkAdvance(parsed, openAddCheckpoint(parsed, logs).checkpoint, newest);
  });
  return code === "passed" ? 200 : witnessStatus(code);
}

/** A checkpoint of the vectors' log. */
function checkpoint(size: number, root: Uint8Array): Buffer {
  const text = formatCheckpoint({ origin: "monkeys", size, root, extensions: [] });
  return formatNote({ text, signatures: [signNote(text, parseSignerKey(vectors.log.skey))] });
}

describe("add-checkpoint request", () => {
  it("of transparency-dev/witness leads from 5 to 8", () => {
    expect(parseAddCheckpoint(body)).toEqual(request);
    expect(body.toString()).toMatch(/^old 5\nueHW.*\n.*\n.*\n.*\n\nmonkeys\n8\n/);
    expect(statusOf(body)).toBe(200);
  });

  it.each([
    ["no old size", "\nmonkeys\n8\n", "witness_request_malformed"],
    ["another word", "size 5\n\nmonkeys\n", "witness_request_malformed"],
    ["no empty line", "old 5\nmonkeys\n", "witness_request_malformed"],
    ["a leading zero", "old 05\n\nmonkeys\n", "number_malformed"],
    ["a negative size", "old -5\n\nmonkeys\n", "number_malformed"],
    ["a huge size", "old 99999999999999999999\n\nmonkeys\n", "number_out_of_range"],
    ["a proof that is not base64", "old 5\nZ043\u007f\n\nmonkeys\n", "base64_malformed"],
    ["a short hash", "old 5\nabc=\n\nmonkeys\n", "hash_malformed"],
    ["a long hash", `old 5\n${Buffer.alloc(33).toString("base64")}\n\nmonkeys\n`, "hash_malformed"],
    ["64 hashes", `old 5\n${`${leaves[0]!.toString("base64")}\n`.repeat(64)}\nmonkeys\n`, "witness_request_malformed"],
  ])("is refused with %s", (_, text, code) => {
    expect(refusal(() => parseAddCheckpoint(Buffer.from(text)))).toBe(code);
    expect(statusOf(Buffer.from(text))).toBe(400);
  });

  it.each([
    ["an unknown log", 404, body, first, [parseVerifierKey(vectors.otherLog.vkey)]],
    [
      "a forged signature",
      403,
      formatAddCheckpoint({ ...request, checkpoint: Buffer.from(vectors.next.replace("ffoU", "ffoV")) }),
      first,
      [log],
    ],
    ["an old size above the new", 400, formatAddCheckpoint({ ...request, oldSize: 9 }), { ...first, size: 9 }, [log]],
    ["another old size than the witness has", 409, formatAddCheckpoint({ ...request, oldSize: 4 }), first, [log]],
    ["a stale proof", 422, formatAddCheckpoint({ ...request, proof: request.proof.slice(1) }), first, [log]],
    ["a wrong hash", 422, formatAddCheckpoint({ ...request, proof: request.proof.with(0, flip(request.proof[0]!, 3)) }), first, [log]],
    ["another tree than the witness saw", 422, body, { ...first, root: flip(first.root, 0) }, [log]],
    ["the same checkpoint again", 200, formatAddCheckpoint({ oldSize: 8, proof: [], checkpoint: request.checkpoint }), next, [log]],
    [
      "the same size with another root",
      422,
      formatAddCheckpoint({ oldSize: 8, proof: [], checkpoint: checkpoint(8, leaves[0]!) }),
      next,
      [log],
    ],
    ["a proof where none is needed", 422, formatAddCheckpoint({ ...request, oldSize: 0 }), { ...first, size: 0, root: EMPTY_ROOT }, [log]],
    [
      "an empty tree with a root",
      422,
      formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: checkpoint(0, leaves[0]!) }),
      { ...first, size: 0, root: EMPTY_ROOT },
      [log],
    ],
  ] as const)("with %s is answered %i", (_, status, bytes, newest, logs) => {
    expect(statusOf(bytes, newest, [...logs])).toBe(status);
  });

  it("is the first one if the witness has seen nothing", () => {
    const bytes = formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: request.checkpoint });
    const parsed = parseAddCheckpoint(bytes);
    checkAdvance(parsed, openAddCheckpoint(parsed, [log]).checkpoint);
    expect(refusal(() => checkAdvance(request, next))).toBe("witness_conflict");
  });
});

describe("add-checkpoint response", () => {
  const { handle } = parseSignerKey(vectors.witness.skey);
  const cosigner = signerKey("witness", "cosignature", handle);

  it("adds cosignatures to the checkpoint", () => {
    const { note } = openCheckpoint(request.checkpoint, [log]);
    const answer = formatCosignatures([signNote(note.text, cosigner, 1_700_000_000)]);
    const both = Buffer.concat([request.checkpoint, answer]);
    expect(formatNote({ ...note, signatures: [...note.signatures, ...parseCosignatures(answer)] })).toEqual(both);
    expect(verifyNote({ ...note, signatures: parseCosignatures(answer) }, [cosigner.verifier])[0]?.time).toBe(1_700_000_000);
    expect(openCheckpoint(both, [log], [cosigner.verifier]).signatures).toHaveLength(2);
  });

  it.each([
    ["", "witness_response_malformed"],
    ["thanks\n", "signature_malformed"],
    ["— witness AAAA", "signature_malformed"],
  ])("is refused when it is %j", (text, code) => {
    expect(refusal(() => parseCosignatures(Buffer.from(text)))).toBe(code);
  });

  it("says the size that the witness has", () => {
    expect(TREE_SIZE_TYPE).toBe("text/x.tlog.size");
    expect(parseTreeSize(formatTreeSize(20_852_014))).toBe(20_852_014);
    expect(refusal(() => parseTreeSize(Buffer.from("5")))).toBe("witness_response_malformed");
    expect(refusal(() => parseTreeSize(Buffer.from("5\n6\n")))).toBe("witness_response_malformed");
    expect(refusal(() => parseTreeSize(Buffer.from("05\n")))).toBe("number_malformed");
  });

  it("is found under the hash of the origin", () => {
    expect(witnessedPath("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/checkpoint");
  });
});
