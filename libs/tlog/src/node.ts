import { TlogError } from "./error.ts";
import { checkHash } from "./base64.ts";
import { EMPTY_ROOT, leafHash, nodeHash } from "./leaf.ts";
import { checkCount, splitPoint } from "./number.ts";

/** One perfect subtree: the root over leaves index * 2^level up to (index + 1) * 2^level, never beyond the tree. Level 0 is leaf hashes. */
export type NodeId = { readonly level: number; readonly index: number };

/** Where hashes come from. Asked only for nodes that the tree of the size in question has; throws when it lacks one. */
export type NodeSource = (node: NodeId) => Uint8Array;

/** The leaves from `begin` up to, not including, `end`. */
export type LeafRange = { readonly begin: number; readonly end: number };

/**
 * The perfect subtrees that a range of leaves splits into, left to right, largest first. `begin` must be where RFC 6962 splits a tree, which every range of a
 * proof and every range from 0 is.
 */
export function rangeNodes({ begin, end }: LeafRange): readonly NodeId[] {
  const nodes: NodeId[] = [];
  for (let start = begin; start < end;) {
    const left = end - start;
    const width = left === 1 ? 1 : splitPoint(left);
    // A range that is itself a power of two is one perfect subtree, not two halves.
    const size = width * 2 === left ? left : width;
    nodes.push({ level: Math.log2(size), index: start / size });
    start += size;
  }
  return nodes;
}

/** RFC 6962 hash of a range, out of its perfect subtrees; the empty root for an empty range. */
export function rangeHash(range: LeafRange, source: NodeSource): Uint8Array {
  const hashes = rangeNodes(range).map((node) => checkHash(source(node), "node"));
  return foldSubtrees(hashes);
}

/** Hash of neighbouring subtrees, largest first, joined from the right edge inwards. */
export function foldSubtrees(hashes: readonly Uint8Array[]): Uint8Array {
  return (
    hashes.reduceRight<Uint8Array | undefined>((right, left) => (right === undefined ? left : nodeHash(left, right)), undefined) ??
    EMPTY_ROOT
  );
}

/** Root of the tree of the first `size` leaves. */
export function treeRoot(size: number, source: NodeSource): Uint8Array {
  return rangeHash({ begin: 0, end: checkCount(size, "tree size") }, source);
}

/**
 * Source over entries or leaf hashes at hand. It hashes what lies under a node each time it is asked: for small trees and tests; tiles are the source of a log.
 */
export function nodesOfLeaves(leaf: (index: number) => Uint8Array): NodeSource {
  const node: NodeSource = ({ level, index }) =>
    level === 0
      ? checkHash(leaf(index), `leaf ${index}`)
      : nodeHash(node({ level: level - 1, index: 2 * index }), node({ level: level - 1, index: 2 * index + 1 }));
  return node;
}

/** Source over entries held in an array. */
export function nodesOfEntries(entries: readonly Uint8Array[]): NodeSource {
  return nodesOfLeaves((index) => {
    const entry = entries[index];
    if (entry === undefined) throw new TlogError("node_missing", `no entry ${index}`);
    return leafHash(entry);
  });
}
