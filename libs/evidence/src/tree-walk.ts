import { EMPTY_ROOT, nodeHash, type NodeId } from "@countersign/tlog";

/**
 * The perfect subtrees that exactly cover the leaves from `begin` up to, not including, `end`, left to right: what stands for the entries of others.
 * Each is the largest that starts where the one before ended and fits.
 */
export function gapNodes(begin: number, end: number): readonly NodeId[] {
  const nodes: NodeId[] = [];
  for (let start = begin; start < end;) {
    let level = 0;
    let width = 1;
    while (start % (2 * width) === 0 && start + 2 * width <= end) {
      width *= 2;
      level += 1;
    }
    nodes.push({ level, index: start / width });
    start += width;
  }
  return nodes;
}

/**
 * A Merkle tree of RFC 6962 put together from left to right, out of leaves and whole subtrees. It keeps one hash per level, and each join costs one hash:
 * this is how a million entries are proved at once, for less than the price of two hashes each.
 */
export class TreeWalk {
  readonly #stack: { readonly level: number; readonly hash: Uint8Array }[] = [];
  #size: number;

  /** `begin`: where the walk begins; a subtree that reaches further left stays in pieces. */
  constructor(begin = 0) {
    this.#size = begin;
  }

  /** The walk so far, from left to right, as few subtrees as can be: another walk that stands at its beginning can take them over. */
  get subtrees(): readonly { readonly level: number; readonly hash: Uint8Array }[] {
    return this.#stack;
  }

  /** Leaves before the walk's end. */
  get size(): number {
    return this.#size;
  }

  /** Adds the subtree that begins where the walk stands. The caller takes levels from `gapNodes`, so that subtrees stay aligned. */
  push(level: number, hash: Uint8Array): void {
    let node = { level, hash };
    let index = this.#size / 2 ** level;
    this.#size += 2 ** level;
    for (let left = this.#stack.at(-1); index % 2 === 1 && left?.level === node.level; left = this.#stack.at(-1)) {
      this.#stack.pop();
      index = (index - 1) / 2;
      node = { level: node.level + 1, hash: nodeHash(left.hash, node.hash) };
    }
    this.#stack.push(node);
  }

  /** Root over all leaves covered. */
  root(): Uint8Array {
    const [last, ...rest] = this.#stack.toReversed();
    if (last === undefined) return EMPTY_ROOT;
    return rest.reduce<Uint8Array>((right, left) => nodeHash(left.hash, right), last.hash);
  }
}
