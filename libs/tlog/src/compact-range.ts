import { EMPTY_ROOT, nodeHash } from "./leaf.ts";

/**
 * The right edge of a growing Merkle tree: the roots of its perfect subtrees, largest first. Holds at most 53 hashes, however long the log is.
 */
export type CompactRange = {
  /** Number of leaves. */
  readonly size: number;
  readonly subtrees: readonly Uint8Array[];
};

export const EMPTY_RANGE: CompactRange = { size: 0, subtrees: [] };

/** The range with one more leaf. `leaf` is a leaf hash, not an entry. */
export function appendLeaf(range: CompactRange, leaf: Uint8Array): CompactRange {
  const subtrees = [...range.subtrees];
  let node = leaf;
  // Every trailing one bit of the size is a perfect subtree that the new leaf completes.
  for (let size = range.size; size % 2 === 1; size = Math.floor(size / 2)) {
    const left = subtrees.pop();
    if (left === undefined) throw new Error(`compact range of ${range.size} leaves lacks a subtree`);
    node = nodeHash(left, node);
  }
  subtrees.push(node);
  return { size: range.size + 1, subtrees };
}

/** Merkle tree head of RFC 6962 section 2.1 over all leaves of the range. */
export function rootHash(range: CompactRange): Uint8Array {
  return range.subtrees.reduceRight<Uint8Array | undefined>(
    (right, left) => (right === undefined ? left : nodeHash(left, right)),
    undefined,
  ) ?? EMPTY_ROOT;
}
