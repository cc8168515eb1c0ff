import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { consistencyNodes, consistencyProof, EMPTY_ROOT, treeRoot, verifyConsistency } from "./index.ts";
import { flip, leaves, naiveRoot, nodes, refusal } from "./testing/trees.ts";
import { readTestdata } from "./testing/testdata.ts";

type Case = {
  readonly file: string;
  readonly size1: number;
  readonly size2: number;
  readonly root1: string | null;
  readonly root2: string | null;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
};

const bytes = (text: string | null) => Buffer.from(text ?? "", "base64");
const head = (size: number) => ({ size, root: treeRoot(size, nodes) });

describe("vectors of transparency-dev/merkle", () => {
  const { cases } = readTestdata("consistency.json") as { cases: readonly Case[] };

  it("are all 98", () => {
    expect(cases).toHaveLength(98);
  });

  it.each(cases)("$file", ({ size1, size2, root1, root2, proof, wantErr }) => {
    const verdict = refusal(() =>
      verifyConsistency({ size: size1, root: bytes(root1) }, { size: size2, root: bytes(root2) }, (proof ?? []).map(bytes)),
    );
    // One case passes there with roots of twelve bytes, which no SHA-256 has.
    if (!wantErr && bytes(root1).length !== 32) expect(verdict).toBe("hash_malformed");
    else expect(verdict === "passed").toBe(!wantErr);
  });
});

const growth = fc.tuple(fc.nat(600), fc.nat(600)).map(([one, other]) => ({ old: Math.min(one, other), size: Math.max(one, other) }));

describe("consistency proof", () => {
  it("verifies between any two sizes of every small tree", () => {
    for (let size = 0; size <= 40; size += 1) {
      for (let old = 0; old <= size; old += 1) verifyConsistency(head(old), head(size), consistencyProof(old, size, nodes));
    }
  });

  it("verifies between any two sizes", () => {
    fc.assert(
      fc.property(growth, ({ old, size }) => verifyConsistency(head(old), head(size), consistencyProof(old, size, nodes))),
      { numRuns: 300 },
    );
  });

  it("fails after any flipped bit, missing or added hash, and for other roots", () => {
    fc.assert(
      fc.property(growth, fc.nat(), fc.nat(31), fc.nat(7), ({ old, size }, pick, byte, bit) => {
        const [older, newer, proof] = [head(old), head(size), consistencyProof(old, size, nodes)];
        const at = proof.length === 0 ? 0 : pick % proof.length;
        const wrong = [
          ...(proof.length === 0
            ? []
            : [proof.with(at, flip(proof[at]!, byte, bit)), proof.toSpliced(at, 1), proof.with(at, Buffer.alloc(33))]),
          [...proof, newer.root],
          [older.root, ...proof],
        ];
        for (const other of wrong)
          expect(refusal(() => verifyConsistency(older, newer, other))).toMatch(/^(root_mismatch|proof_length_wrong|hash_malformed)$/);
        expect(refusal(() => verifyConsistency({ ...older, root: flip(older.root, byte, bit) }, newer, proof))).toBe("root_mismatch");
        // Every tree continues the empty one, whatever its root.
        if (old > 0)
          expect(refusal(() => verifyConsistency(older, { ...newer, root: flip(newer.root, byte, bit) }, proof))).toBe("root_mismatch");
      }),
      { numRuns: 200 },
    );
  });

  it("finds a log that rewrote an entry", () => {
    const older = { size: 8, root: naiveRoot(leaves.slice(0, 8).with(3, leaves[4]!)) };
    const proof = consistencyProof(8, 20, nodes);
    expect(refusal(() => verifyConsistency(older, head(20), proof))).toBe("root_mismatch");
  });

  it.each([
    { old: 2, size: 1, code: "index_out_of_range" },
    { old: -1, size: 1, code: "number_out_of_range" },
    { old: 1, size: Infinity, code: "number_out_of_range" },
  ])("refuses to lead from $old to $size", ({ old, size, code }) => {
    const root = leaves[0]!;
    expect(refusal(() => consistencyProof(old, size, nodes))).toBe(code);
    expect(refusal(() => verifyConsistency({ size: old, root }, { size, root }, []))).toBe(code);
  });

  it("knows the one root of the empty tree", () => {
    expect(refusal(() => verifyConsistency({ size: 0, root: leaves[0]! }, head(3), []))).toBe("root_mismatch");
    expect(refusal(() => verifyConsistency({ size: 0, root: EMPTY_ROOT }, { size: 0, root: leaves[0]! }, []))).toBe("root_mismatch");
    expect(refusal(() => verifyConsistency({ size: 0, root: EMPTY_ROOT }, { size: 3, root: Buffer.alloc(31) }, []))).toBe("hash_malformed");
  });

  it("says which nodes it needs", () => {
    const asked: string[] = [];
    consistencyProof(300, 601, (node) => {
      asked.push(`${node.level}/${node.index}`);
      return nodes(node);
    });
    expect(consistencyNodes(300, 601).map(({ level, index }) => `${level}/${index}`)).toEqual(asked);
  });
});
