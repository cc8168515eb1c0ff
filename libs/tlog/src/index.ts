export { EMPTY_ROOT, leafHash, nodeHash } from "./leaf.ts";
export { EMPTY_RANGE, appendLeaf, rootHash, type CompactRange } from "./compact-range.ts";
