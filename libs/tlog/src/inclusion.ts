import { checkHash } from "./base64.ts";
import { climb } from "./climb.ts";
import { TlogError } from "./error.ts";
import { nodeHash } from "./leaf.ts";
import { type LeafRange, type NodeId, type NodeSource, rangeHash, rangeNodes } from "./node.ts";
import { checkCount, splitPoint } from "./number.ts";
import { checkRoot } from "./root.ts";

/** A claim that `leaf` (a leaf hash) is number `index` of the tree with this size and root. */
export type InclusionClaim = { readonly index: number; readonly size: number; readonly leaf: Uint8Array; readonly root: Uint8Array };

/** Audit path of RFC 6962 section 2.1.1, from the leaf's sibling up. Throws `index_out_of_range`. */
export function inclusionProof(index: number, size: number, source: NodeSource): readonly Uint8Array[] {
  return siblingRanges(index, size).map((range) => rangeHash(range, source));
}

/** The nodes that `inclusionProof` will ask its source for, so that they can be loaded first. */
export function inclusionNodes(index: number, size: number): readonly NodeId[] {
  return siblingRanges(index, size).flatMap(rangeNodes);
}

/** Passes if the proof binds leaf and index to the root. Throws `root_mismatch`, `proof_length_wrong` or `index_out_of_range`. */
export function verifyInclusion(claim: InclusionClaim, proof: readonly Uint8Array[]): void {
  checkRoot(inclusionRoot(claim, proof), claim.root);
}

/** Root that the proof leads to (RFC 9162 section 2.1.3.2). It proves nothing until it is compared with a root that is trusted. */
export function inclusionRoot({ index, size, leaf }: Omit<InclusionClaim, "root">, proof: readonly Uint8Array[]): Uint8Array {
  checkIndex(index, size);
  let hash: Uint8Array = checkHash(leaf, "leaf");
  climb({ position: index, last: size - 1 }, proof, (sibling, side) => {
    hash = side === "left" ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
  });
  return hash;
}

function siblingRanges(index: number, size: number): readonly LeafRange[] {
  checkIndex(index, size);
  const ranges: LeafRange[] = [];
  let begin = 0;
  let end = size;
  while (end - begin > 1) {
    const middle = begin + splitPoint(end - begin);
    if (index < middle) {
      ranges.push({ begin: middle, end });
      end = middle;
    } else {
      ranges.push({ begin, end: middle });
      begin = middle;
    }
  }
  return ranges.toReversed();
}

function checkIndex(index: number, size: number): void {
  checkCount(index, "leaf index");
  checkCount(size, "tree size");
  if (index >= size) throw new TlogError("index_out_of_range", `a tree of ${size} leaves has no leaf ${index}`);
}
