import { checkHash } from "./base64.ts";
import { climb } from "./climb.ts";
import { TlogError } from "./error.ts";
import { EMPTY_ROOT, nodeHash } from "./leaf.ts";
import { type LeafRange, type NodeId, type NodeSource, rangeHash, rangeNodes } from "./node.ts";
import { checkCount, splitPoint } from "./number.ts";
import { checkRoot } from "./root.ts";

/** Size and root of a tree: what a checkpoint says. */
export type TreeHead = { readonly size: number; readonly root: Uint8Array };

/** Proof of RFC 6962 section 2.1.2 that the tree of `newSize` leaves begins with the one of `oldSize`. Empty if the sizes are equal or the old one is 0. */
export function consistencyProof(oldSize: number, newSize: number, source: NodeSource): readonly Uint8Array[] {
  return provenRanges(oldSize, newSize).map((range) => rangeHash(range, source));
}

/** The nodes that `consistencyProof` will ask its source for, so that they can be loaded first. */
export function consistencyNodes(oldSize: number, newSize: number): readonly NodeId[] {
  return provenRanges(oldSize, newSize).flatMap(rangeNodes);
}

/**
 * Passes if the newer tree only appended to the older one (RFC 9162 section 2.1.4.2). The empty tree is the start of every tree, with an empty proof.
 * Throws `root_mismatch`, `proof_length_wrong` or `index_out_of_range`.
 */
export function verifyConsistency(older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): void {
  checkSizes(older.size, newer.size);
  if (older.size === 0) checkRoot(EMPTY_ROOT, older.root);
  if (newer.size === 0) checkRoot(EMPTY_ROOT, newer.root);
  if (older.size === newer.size) checkRoot(older.root, newer.root);
  if (older.size === 0 || older.size === newer.size) {
    if (proof.length > 0) throw new TlogError("proof_length_wrong", "this consistency proof must be empty");
    checkHash(newer.root, "root");
    return;
  }
  verifyGrowth(older, newer, proof);
}

function verifyGrowth(older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): void {
  let position = older.size - 1;
  let last = newer.size - 1;
  // Levels at which the old tree's right edge is a right child lie inside the first node.
  while (position % 2 === 1) {
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  // An old tree that is one perfect subtree starts the proof itself.
  const path = position === 0 ? [older.root, ...proof] : proof;
  const [first, ...siblings] = path;
  if (first === undefined) throw new TlogError("proof_length_wrong", "the consistency proof is empty");
  checkHash(first, "first proof hash");
  let oldHash = first;
  let newHash = first;
  climb({ position, last }, siblings, (sibling, side) => {
    if (side === "left") oldHash = nodeHash(sibling, oldHash);
    newHash = side === "left" ? nodeHash(sibling, newHash) : nodeHash(newHash, sibling);
  });
  checkRoot(oldHash, older.root);
  checkRoot(newHash, newer.root);
}

function provenRanges(oldSize: number, newSize: number): readonly LeafRange[] {
  checkSizes(oldSize, newSize);
  if (oldSize === 0 || oldSize === newSize) return [];
  const ranges: LeafRange[] = [];
  let begin = 0;
  let end = newSize;
  while (end !== oldSize) {
    const middle = begin + splitPoint(end - begin);
    if (oldSize <= middle) {
      ranges.push({ begin: middle, end });
      end = middle;
    } else {
      ranges.push({ begin, end: middle });
      begin = middle;
    }
  }
  // What remains is the old tree's right edge; its verifier knows it only if it is the whole old tree.
  if (begin > 0) ranges.push({ begin, end });
  return ranges.toReversed();
}

function checkSizes(oldSize: number, newSize: number): void {
  checkCount(oldSize, "older tree size");
  checkCount(newSize, "newer tree size");
  if (oldSize > newSize) throw new TlogError("index_out_of_range", `a tree of ${oldSize} leaves cannot grow to ${newSize}`);
}
