import { createHash, hash } from "node:crypto";
import type { NodeId } from "@countersign/tlog";

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
 * this is how a million entries are proved at once, for less than the price of two hashes each. Works in place: a buffer for each join costs as much as its hash.
 */
export class TreeWalk {
  /** Levels and hashes of the subtrees that wait for a right neighbour, from left to right. */
  readonly #levels: number[] = [];
  readonly #hashes = Buffer.alloc(MOST_SUBTREES * HASH);
  #size: number;

  /** `begin`: where the walk begins; a subtree that reaches further left stays in pieces. */
  constructor(begin = 0) {
    this.#size = begin;
  }

  /** The walk so far, from left to right, as few subtrees as can be: another walk that stands at its beginning can take them over. */
  get subtrees(): readonly { readonly level: number; readonly hash: Uint8Array }[] {
    return this.#levels.map((level, place) => ({ level, hash: Uint8Array.from(this.#hashes.subarray(place * HASH, (place + 1) * HASH)) }));
  }

  /** Leaves before the walk's end. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds the subtree that begins where the walk stands, by its hash at `at`. The caller takes levels from `gapNodes`, so that subtrees stay aligned. What is too
   * short for a hash counts as zeros, and leads to a root that nobody signed.
   */
  push(level: number, bytes: Uint8Array, at = 0): void {
    copyHash(bytes, at, node, RIGHT);
    let joined = level;
    let index = this.#size / 2 ** level;
    this.#size += 2 ** level;
    for (; index % 2 === 1 && this.#levels.at(-1) === joined; index = (index - 1) / 2) {
      this.#levels.pop();
      this.#join(this.#levels.length);
      joined += 1;
    }
    copyHash(node, RIGHT, this.#hashes, this.#levels.length * HASH);
    this.#levels.push(joined);
  }

  /** The hash at the right end of the node becomes that of the two together. */
  #join(left: number): void {
    copyHash(this.#hashes, left * HASH, node, LEFT);
    const text = hash("sha256", node, "binary");
    for (let byte = 0; byte < HASH; byte += 1) node[RIGHT + byte] = text.charCodeAt(byte);
  }

  /** Root over all leaves covered. */
  root(): Uint8Array {
    if (this.#levels.length === 0) return createHash("sha256").digest();
    copyHash(this.#hashes, (this.#levels.length - 1) * HASH, node, RIGHT);
    for (let left = this.#levels.length - 2; left >= 0; left -= 1) this.#join(left);
    return Uint8Array.from(node.subarray(RIGHT));
  }
}

const HASH = 32;
/** Levels go up to 53, once on the way up from `begin` and once on the way down. */
const MOST_SUBTREES = 108;

/** What is hashed for a node: 1, left, right. Nobody keeps it from one push to the next. */
const node = Buffer.alloc(1 + 2 * HASH, 1);
const LEFT = 1;
const RIGHT = LEFT + HASH;

/** A loop: for so few bytes a call out of JavaScript takes longer. */
function copyHash(from: Uint8Array, at: number, to: Uint8Array, place: number): void {
  for (let byte = 0; byte < HASH; byte += 1) to[place + byte] = from[at + byte] ?? 0;
}
