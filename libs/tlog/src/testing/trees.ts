import { leafHash, nodeHash, type NodeSource, nodesOfLeaves, type TlogErrorCode, TlogError } from "../index.ts";
import { EMPTY_ROOT } from "../leaf.ts";

/** Leaf hashes of a made-up log. */
export const leaves = Array.from({ length: 700 }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));

/** Root as RFC 6962 section 2.1 defines it, with nothing clever. */
export function naiveRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const [first] = hashes;
  if (first === undefined) return EMPTY_ROOT;
  if (hashes.length === 1) return first;
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return nodeHash(naiveRoot(hashes.slice(0, split)), naiveRoot(hashes.slice(split)));
}

/** The nodes of `leaves`, each computed once. */
export const nodes: NodeSource = remember(nodesOfLeaves((index) => leaves[index] ?? Buffer.alloc(0)));

/** Code of the TlogError that `run` throws; "passed" if it throws nothing. */
export const refusal = (run: () => void): TlogErrorCode | "passed" => caught(run)?.code ?? "passed";

/** The TlogError that `run` throws, if it throws. Any other error goes on. */
export function caught(run: () => void): TlogError | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof TlogError) return error;
    throw error;
  }
  return undefined;
}

/** The bytes with one bit turned. */
export function flip(bytes: Uint8Array, at: number, bit = 0): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const place = at % copy.length;
  copy[place] = (copy[place] ?? 0) ^ (1 << bit);
  return copy;
}

function remember(source: NodeSource): NodeSource {
  const known = new Map<string, Uint8Array>();
  return (node) => {
    const name = `${node.level}/${node.index}`;
    const hash = known.get(name) ?? source(node);
    known.set(name, hash);
    return hash;
  };
}
