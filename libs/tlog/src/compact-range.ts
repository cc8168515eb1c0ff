import { checkHash } from "./base64.ts";
import { TlogError } from "./error.ts";
import { nodeHash } from "./leaf.ts";
import { foldSubtrees, type NodeSource, rangeNodes } from "./node.ts";
import { checkCount } from "./number.ts";

/**
 * The right edge of a growing Merkle tree: the roots of its perfect subtrees, largest first. Holds at most 53 hashes, however long the log is.
 */
export type CompactRange = {
  /** Number of leaves. */
  readonly size: number;
  readonly subtrees: readonly Uint8Array[];
};

/** Of a tree without leaves. */
export const EMPTY_RANGE: CompactRange = { size: 0, subtrees: [] };

/** The range with one more leaf. `leaf` is a leaf hash, not an entry. */
export function appendLeaf(range: CompactRange, leaf: Uint8Array): CompactRange {
  return appendLeaves(range, [leaf]);
}

/** The range with more leaf hashes, in order. Throws `range_malformed` for a range that its size cannot have. */
export function appendLeaves(range: CompactRange, leaves: Iterable<Uint8Array>): CompactRange {
  const subtrees = [...range.subtrees];
  let { size } = range;
  for (const leaf of leaves) {
    let node = checkHash(leaf, "leaf");
    // Every trailing one bit of the size is a perfect subtree that the new leaf completes.
    for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = subtrees.pop();
      if (left === undefined) throw new TlogError("range_malformed", `compact range of ${size} leaves lacks a subtree`);
      node = nodeHash(left, node);
    }
    subtrees.push(node);
    size += 1;
  }
  return { size, subtrees };
}

/** The range over the first `size` leaves of a tree whose nodes are at hand, such as its tiles: how a sealer goes on after a restart. */
export function rangeFrom(size: number, source: NodeSource): CompactRange {
  const nodes = rangeNodes({ begin: 0, end: checkCount(size, "tree size") });
  return { size, subtrees: nodes.map((node) => checkHash(source(node), "node")) };
}

/** Merkle tree head of RFC 6962 section 2.1 over all leaves of the range. */
export function rootHash(range: CompactRange): Uint8Array {
  return foldSubtrees(range.subtrees);
}
