import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inclusionNodes, inclusionProof, inclusionRoot, nodesOfEntries, treeRoot, verifyInclusion } from "./index.ts";
import { flip, leaves, naiveRoot, nodes, refusal } from "./testing/trees.ts";
import { readTestdata } from "./testing/testdata.ts";

type Case = {
  readonly file: string;
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string | null;
  readonly leafHash: string | null;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
};

const bytes = (text: string | null) => Buffer.from(text ?? "", "base64");

describe("vectors of transparency-dev/merkle", () => {
  const { cases } = readTestdata("inclusion.json") as { cases: readonly Case[] };

  it("are all 98", () => {
    expect(cases).toHaveLength(98);
  });

  it.each(cases)("$file", ({ leafIdx, treeSize, root, leafHash, proof, wantErr }) => {
    const claim = { index: leafIdx, size: treeSize, leaf: bytes(leafHash), root: bytes(root) };
    const verdict = refusal(() => verifyInclusion(claim, (proof ?? []).map(bytes)));
    expect(verdict === "passed").toBe(!wantErr);
  });
});

const leafOfTree = fc.integer({ min: 1, max: 600 }).chain((size) => fc.record({ size: fc.constant(size), index: fc.nat(size - 1) }));

describe("inclusion proof", () => {
  it("verifies for every leaf of every small tree", () => {
    for (let size = 1; size <= 40; size += 1) {
      const root = naiveRoot(leaves.slice(0, size));
      for (let index = 0; index < size; index += 1)
        verifyInclusion({ index, size, leaf: leaves[index]!, root }, inclusionProof(index, size, nodes));
    }
  });

  it("verifies for any leaf of any tree", () => {
    fc.assert(
      fc.property(leafOfTree, ({ size, index }) => {
        verifyInclusion({ index, size, leaf: leaves[index]!, root: treeRoot(size, nodes) }, inclusionProof(index, size, nodes));
      }),
      { numRuns: 300 },
    );
  });

  it("fails after any flipped bit, missing, doubled or added hash, and for any other leaf", () => {
    fc.assert(
      fc.property(leafOfTree, fc.nat(), fc.nat(31), fc.nat(7), ({ size, index }, pick, byte, bit) => {
        const claim = { index, size, leaf: leaves[index]!, root: treeRoot(size, nodes) };
        const proof = inclusionProof(index, size, nodes);
        const at = proof.length === 0 ? 0 : pick % proof.length;
        const wrong = [
          ...(proof.length === 0
            ? []
            : [proof.with(at, flip(proof[at]!, byte, bit)), proof.toSpliced(at, 1), proof.with(at, proof[at]!.subarray(1))]),
          [...proof, claim.root],
          [claim.leaf, ...proof],
          proof.toSpliced(at, 0, claim.leaf),
        ];
        for (const other of wrong)
          expect(refusal(() => verifyInclusion(claim, other))).toMatch(/^(root_mismatch|proof_length_wrong|hash_malformed)$/);
        expect(refusal(() => verifyInclusion({ ...claim, leaf: flip(claim.leaf, byte, bit) }, proof))).toBe("root_mismatch");
        expect(refusal(() => verifyInclusion({ ...claim, root: flip(claim.root, byte, bit) }, proof))).toBe("root_mismatch");
        if (size > 1) {
          expect(refusal(() => verifyInclusion({ ...claim, index: (index + 1 + (pick % (size - 1))) % size }, proof))).not.toBe("passed");
        }
      }),
      { numRuns: 200 },
    );
  });

  it("says which nodes it needs", () => {
    const asked: string[] = [];
    inclusionProof(300, 601, (node) => {
      asked.push(`${node.level}/${node.index}`);
      return nodes(node);
    });
    expect(inclusionNodes(300, 601).map(({ level, index }) => `${level}/${index}`)).toEqual(asked);
  });

  it.each([
    { index: 1, size: 1, code: "index_out_of_range" },
    { index: 0, size: 0, code: "index_out_of_range" },
    { index: -1, size: 1, code: "number_out_of_range" },
    { index: 0.5, size: 1, code: "number_out_of_range" },
    { index: Number.NaN, size: 1, code: "number_out_of_range" },
    { index: 0, size: 2 ** 53, code: "number_out_of_range" },
  ])("refuses leaf $index of $size", ({ index, size, code }) => {
    expect(refusal(() => inclusionProof(index, size, nodes))).toBe(code);
    expect(refusal(() => inclusionRoot({ index, size, leaf: leaves[0]! }, []))).toBe(code);
  });

  it("reaches over the largest tree that a number can count", () => {
    const size = Number.MAX_SAFE_INTEGER;
    const source = () => leaves[0]!;
    for (const index of [0, 1, 2 ** 52, size - 1]) {
      const proof = inclusionProof(index, size, source);
      expect(proof.length).toBeGreaterThan(0);
      expect(inclusionRoot({ index, size, leaf: leaves[0]! }, proof)).toHaveLength(32);
      expect(refusal(() => inclusionRoot({ index, size, leaf: leaves[0]! }, proof.slice(1)))).toBe("proof_length_wrong");
    }
  });

  it("is made from entries too", () => {
    const entries = [Buffer.from("a"), Buffer.from("b"), Buffer.from("c")];
    const source = nodesOfEntries(entries);
    expect(inclusionProof(2, 3, source)).toHaveLength(1);
    expect(refusal(() => treeRoot(4, source))).toBe("node_missing");
  });
});
