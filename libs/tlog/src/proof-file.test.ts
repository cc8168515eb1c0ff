import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatProofFile, inclusionProof, leafHash, parseProofFile, type ProofFile, verifyProofFile } from "./index.ts";
import { policy, proofFile, signedCheckpoint, witnesses } from "./testing/proof-files.ts";
import { flip, leaves, nodes, refusal } from "./testing/trees.ts";

const HASH = leaves[0]!.toString("base64");
const HEADER = "c2sp.org/tlog-proof@v1\n";
const parse = (text: string) => parseProofFile(Buffer.from(text));

describe("proof file", () => {
  // After transparency-dev/formats proof/tlog_proof_test.go.
  it.each<[string, ProofFile]>([
    [
      `${HEADER}index 5\n${HASH}\n${HASH}\n\ntest checkpoint\n`,
      { index: 5, proof: [leaves[0]!, leaves[0]!], checkpoint: Buffer.from("test checkpoint\n") },
    ],
    [
      `${HEADER}extra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n${HASH}\n\ncheckpoint data\n`,
      { index: 10, proof: [leaves[0]!], checkpoint: Buffer.from("checkpoint data\n"), extra: Buffer.from("extra information") },
    ],
    [`${HEADER}index 0\n\ncheckpoint\n`, { index: 0, proof: [], checkpoint: Buffer.from("checkpoint\n") }],
  ])("reads and writes %j", (text, file) => {
    expect(formatProofFile(file).toString()).toBe(text);
    expect(parse(text)).toEqual(file);
  });

  it.each([
    ["", "proof_malformed"],
    ["wrong-header\nindex 0\n\ncheckpoint\n", "proof_malformed"],
    [`${HEADER}extra !!notbase64!!\nindex 0\n\ncheckpoint\n`, "base64_malformed"],
    [`${HEADER}extra \nindex 0\n\ncheckpoint\n`, "proof_malformed"],
    [`${HEADER}\n\ncheckpoint\n`, "proof_malformed"],
    [`${HEADER}index notanumber\n\ncheckpoint\n`, "number_malformed"],
    [`${HEADER}index -5\n\ncheckpoint\n`, "number_malformed"],
    [`${HEADER}index 05\n\ncheckpoint\n`, "number_malformed"],
    [`${HEADER}index 18446744073709551615\n\ncheckpoint\n`, "number_out_of_range"],
    [`${HEADER}index 0\n!!notbase64!!\n\ncheckpoint\n`, "base64_malformed"],
    [`${HEADER}index 0\n${Buffer.alloc(64).toString("base64")}\n\ncheckpoint\n`, "hash_malformed"],
    [`${HEADER}index 0\n${"a".repeat(65 * 1024)}\n`, "proof_malformed"],
    [`${HEADER}index 0\n${`${HASH}\n`.repeat(64)}\ncheckpoint\n`, "proof_malformed"],
    [`${HEADER}index 0\n${HASH}\ncheckpoint\n`, "proof_malformed"],
    [`${HEADER}index 0\nextra ZXh0cmE=\n\ncheckpoint\n`, "base64_malformed"],
    [`${HEADER.replace("\n", "\r\n")}index 0\n\ncheckpoint\n`, "text_malformed"],
  ])("refuses %j: %s", (text, code) => {
    expect(refusal(() => parse(text))).toBe(code);
  });

  it("is not written with what could not be read", () => {
    const checkpoint = Buffer.from("checkpoint\n");
    expect(refusal(() => formatProofFile({ index: -1, proof: [], checkpoint }))).toBe("number_out_of_range");
    expect(refusal(() => formatProofFile({ index: 0, proof: [Buffer.alloc(31)], checkpoint }))).toBe("hash_malformed");
    expect(refusal(() => formatProofFile({ index: 0, proof: Array.from({ length: 64 }, () => leaves[0]!), checkpoint }))).toBe(
      "proof_malformed",
    );
    expect(refusal(() => formatProofFile({ index: 0, proof: [], checkpoint: Buffer.of(0xff) }))).toBe("text_malformed");
  });
});

describe("verified proof file", () => {
  it("verifies for every entry, and says what it proves", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 600 }).chain((size) => fc.tuple(fc.nat(size - 1), fc.constant(size))),
        ([index, size]) => {
          const verified = verifyProofFile(parseProofFile(proofFile(index, size)), leaves[index]!, policy);
          expect(verified).toMatchObject({ index, checkpoint: { size } });
          expect(verified.cosignatures).toHaveLength(3);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("fails for another entry, index, tree, or too few witnesses", () => {
    const file = parseProofFile(proofFile(7, 20));
    expect(refusal(() => verifyProofFile(file, leaves[8]!, policy))).toBe("root_mismatch");
    expect(refusal(() => verifyProofFile(file, leafHash(Buffer.from("entry 07")), policy))).toBe("root_mismatch");
    expect(refusal(() => verifyProofFile({ ...file, index: 6 }, leaves[7]!, policy))).toBe("root_mismatch");
    expect(refusal(() => verifyProofFile({ ...file, index: 20 }, leaves[7]!, policy))).toBe("index_out_of_range");
    expect(refusal(() => verifyProofFile({ ...file, checkpoint: signedCheckpoint(21) }, leaves[7]!, policy))).toBe("root_mismatch");
    expect(refusal(() => verifyProofFile({ ...file, proof: inclusionProof(7, 40, nodes) }, leaves[7]!, policy))).toBe("proof_length_wrong");
    expect(refusal(() => verifyProofFile(parseProofFile(proofFile(7, 20, witnesses.slice(2))), leaves[7]!, policy))).toBe("quorum_missed");
  });

  it("fails after any flipped bit that is not of a witness beyond the quorum", () => {
    const bytes = proofFile(5, 11, witnesses.slice(0, 2));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (byte, bit) => {
        expect(refusal(() => verifyProofFile(parseProofFile(flip(bytes, byte, bit)), leaves[5]!, policy))).not.toBe("passed");
      }),
      { numRuns: 400 },
    );
  });

  it("fails cut at any byte, or with bytes added", () => {
    const bytes = proofFile(5, 11);
    for (let length = 0; length < bytes.length - 400; length += 1) {
      expect(refusal(() => verifyProofFile(parseProofFile(bytes.subarray(0, length)), leaves[5]!, policy))).not.toBe("passed");
    }
    for (const more of ["\n", "x", "x\n", "\n\n"]) {
      expect(refusal(() => verifyProofFile(parseProofFile(Buffer.concat([bytes, Buffer.from(more)])), leaves[5]!, policy))).not.toBe(
        "passed",
      );
    }
  });
});
