export { TlogError, type TlogErrorCode } from "./error.ts";

// Merkle tree of RFC 6962
export { EMPTY_ROOT, HASH_SIZE, leafHash, nodeHash } from "./leaf.ts";
export { EMPTY_RANGE, appendLeaf, appendLeaves, rangeFrom, rootHash, type CompactRange } from "./compact-range.ts";
export { nodesOfEntries, nodesOfLeaves, treeRoot, type NodeId, type NodeSource } from "./node.ts";
export { inclusionNodes, inclusionProof, inclusionRoot, verifyInclusion, type InclusionClaim } from "./inclusion.ts";
export { consistencyNodes, consistencyProof, verifyConsistency, type TreeHead } from "./consistency.ts";

// Tiles
export { formatTile, newBundles, newTiles, parseTile, parseTilePath, tileOf, tilePath, TILE_WIDTH, type TileId } from "./tile.ts";
export { nodesOfTiles, tilesOfNodes } from "./tile-nodes.ts";
export { edgeFrom, edgeRange, EMPTY_EDGE, growEdge, type Tile, type TileEdge } from "./tile-edge.ts";
export { formatEntryBundle, MAX_ENTRY_BYTES, parseEntryBundle } from "./entry-bundle.ts";

// Keys, notes, checkpoints
export {
  formatKeyId,
  formatSignerKey,
  formatVerifierKey,
  parseSignerKey,
  parseVerifierKey,
  signerKey,
  signerKeyOfSeed,
  verifierKey,
  type KeyKind,
  type SignerKey,
  type VerifierKey,
} from "./key.ts";
export { formatNote, parseNote, type NoteSignature, type SignedNote } from "./note.ts";
export { noteSignature, signedMessage, signNote, verifyNote, verifySignature, type VerifiedSignature } from "./signing.ts";
export { formatCheckpoint, openCheckpoint, parseCheckpoint, type Checkpoint, type OpenedCheckpoint } from "./checkpoint.ts";

// Proof files, witnesses, policies
export { formatProofFile, parseProofFile, verifyProofFile, type ProofFile, type VerifiedProof } from "./proof-file.ts";
export {
  checkAdvance,
  formatAddCheckpoint,
  formatCosignatures,
  formatTreeSize,
  openAddCheckpoint,
  parseAddCheckpoint,
  parseCosignatures,
  parseTreeSize,
  TREE_SIZE_TYPE,
  witnessedPath,
  witnessStatus,
  type AddCheckpoint,
} from "./witness.ts";
export {
  acceptCheckpoint,
  meetsQuorum,
  type AcceptedCheckpoint,
  type PolicyLog,
  type PolicyWitness,
  type Quorum,
  type TrustPolicy,
} from "./policy.ts";
export { parsePolicy } from "./policy-file.ts";
