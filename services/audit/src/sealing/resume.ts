import { edgeFrom, edgeRange, EMPTY_EDGE, growEdge, openCheckpoint, rootHash, TlogError, type TileEdge } from "@countersign/tlog";
import { edgeTiles } from "./edge-tiles.ts";
import type {
  Anchor,
  CheckpointSigner,
  Epoch,
  EpochHistory,
  ExternalCheckpoint,
  SealableLog,
  StoredCheckpoint,
  TreeStore,
  WitnessNetwork,
} from "./ports.ts";
import { SealRefusedError } from "./refusal.ts";

/** Leaf hashes that are worked on at once: some milliseconds of hashing, then others get their turn. */
export const CHUNK = 4096;
/** Positions compared in one statement. */
const COMPARED = 65_536;

export type SealingParts = {
  readonly log: SealableLog;
  readonly store: TreeStore;
  readonly anchor: Anchor;
  readonly witnesses: WitnessNetwork;
  readonly epochs: EpochHistory;
  signerFor(epoch: number): CheckpointSigner;
};

/** Where sealing goes on. */
export type SealState = {
  readonly epoch: Epoch;
  readonly signer: CheckpointSigner;
  readonly edge: TileEdge;
  /** The largest checkpoint outside of the database that was compared. A crash before a commit leaves it ahead of the edge. */
  readonly anchored: number;
};

/**
 * Finds where to go on, and that nothing below is other than it was signed: the epoch, every row against its tile, the tiles against the newest checkpoint, and
 * all against the newest checkpoints known outside of the database. Reads leaf hashes only, about a second for a million events.
 * @throws SealRefusedError
 */
export async function resume(parts: SealingParts): Promise<SealState> {
  const epoch = await agreedEpoch(parts);
  const signer = parts.signerFor(epoch.epoch);
  const stored = await parts.store.newest({ epoch: epoch.epoch });
  const externals = await externalCheckpoints(parts, epoch.epoch, signer, stored?.size ?? 0);
  const head = await parts.log.head();
  const signed = [...externals, ...(stored === undefined ? [] : [{ source: "the database", ...stored }])];
  for (const { source, size } of signed) {
    if (size > head)
      throw new SealRefusedError("ROLLED_BACK", head, `the log ends at ${head}, and ${source} has a checkpoint of ${size} events`);
  }
  await compareRows(parts, epoch.epoch, stored?.size ?? 0);
  const edge = await storedEdge(parts.store, stored);
  await compareExternals(parts, epoch.epoch, edge, externals);
  return { epoch, signer, edge, anchored: Math.max(0, ...externals.map(({ size }) => size)) };
}

/** Both memories must know of the same epoch: the log, and what lies outside of the database. */
async function agreedEpoch({ epochs, anchor, store }: SealingParts): Promise<Epoch> {
  const inLog = await epochs.newest();
  const begun = await anchor.epoch();
  if (begun === 0) {
    if (inLog.epoch > 1 || (await store.newest()) !== undefined) {
      throw new SealRefusedError("ANCHOR_LOST", 0, "the database holds checkpoints, and the anchor directory knows of none");
    }
    await anchor.begin(1);
  } else if (begun > inLog.epoch) {
    throw new SealRefusedError("ROLLED_BACK", 0, `epoch ${begun} was begun, and the log ends in epoch ${inLog.epoch}`);
  } else if (begun < inLog.epoch) {
    throw new SealRefusedError(
      "EPOCH_UNKNOWN",
      inLog.firstSize - 1,
      `the log says that epoch ${inLog.epoch} began; the anchor knows ${begun}`,
    );
  }
  return inLog;
}

async function externalCheckpoints(
  { anchor, witnesses }: SealingParts,
  epoch: number,
  signer: CheckpointSigner,
  storedSize: number,
): Promise<readonly ExternalCheckpoint[]> {
  const anchored = await anchor.newest(epoch);
  // Each checkpoint is in the anchor before it is in the database.
  if ((anchored?.size ?? 0) < storedSize) {
    throw new SealRefusedError(
      "ANCHOR_LOST",
      anchored?.size ?? 0,
      `the database has a checkpoint of ${storedSize} events, and the anchor ends before it`,
    );
  }
  const own = anchored === undefined ? [] : [anchoredCheckpoint(anchored.note, signer)];
  return [...own, ...(await witnesses.newest(signer))];
}

const KEY_UNKNOWN =
  "the newest checkpoint of the anchor is signed with no key of COUNTERSIGN_LOG_KEY_FILES, COUNTERSIGN_LOG_VAULT_KEYS and COUNTERSIGN_LOG_RETIRED_KEYS, or under another name than COUNTERSIGN_LOG_ORIGIN";

function anchoredCheckpoint(note: Uint8Array, signer: CheckpointSigner): ExternalCheckpoint {
  try {
    const { size, root } = openCheckpoint(note, signer.known).checkpoint;
    return { source: "the anchor", size, root, note };
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause;
    if (cause.code === "origin_unknown" || cause.code === "signature_missing")
      throw new SealRefusedError("KEY_UNKNOWN", 0, KEY_UNKNOWN, { cause });
    throw new SealRefusedError("ANCHOR_UNREADABLE", 0, `the newest checkpoint of the anchor is not ours: ${cause.message}`, { cause });
  }
}

/** @throws SealRefusedError `REWRITTEN` at the first row below `size` that is not what the tiles say. */
async function compareRows({ log }: SealingParts, epoch: number, size: number): Promise<void> {
  for (let from = 0; from < size; from += COMPARED) {
    const [position] = await log.mismatches({ epoch, from, to: Math.min(from + COMPARED, size), deep: false, maxTiles: 1 });
    if (position !== undefined) throw rewritten(position);
  }
}

export const rewritten = (position: number) =>
  new SealRefusedError("REWRITTEN", position, `the row at position ${position} is not what was sealed`);

async function storedEdge(store: TreeStore, stored: StoredCheckpoint | undefined): Promise<TileEdge> {
  if (stored === undefined) return EMPTY_EDGE;
  const { epoch, size, root } = stored;
  const edge = await undamaged(size, async () => edgeFrom(size, await store.tiles(epoch, edgeTiles(size))));
  if (Buffer.compare(rootHash(edgeRange(edge)), root) !== 0)
    throw damaged(size, "the tiles do not lead to the root of the newest checkpoint");
  return edge;
}

async function compareExternals(
  { store, log }: SealingParts,
  epoch: number,
  stored: TileEdge,
  externals: readonly ExternalCheckpoint[],
): Promise<void> {
  let edge = stored;
  for (const { source, size, root } of externals.toSorted((one, other) => one.size - other.size)) {
    while (edge.size < size) {
      edge = growEdge(edge, await log.leaves(edge.size, Math.min(edge.size + CHUNK, size))).edge;
    }
    const here = size === edge.size ? rootHash(edgeRange(edge)) : await undamaged(size, () => store.root(epoch, size));
    if (Buffer.compare(here, root) === 0) continue;
    throw new SealRefusedError(
      "REWRITTEN",
      Math.min(stored.size, size),
      `the log is not the one of which ${source} has a checkpoint of ${size} events`,
    );
  }
}

const damaged = (size: number, message: string, options?: ErrorOptions) => new SealRefusedError("TREE_DAMAGED", size, message, options);

async function undamaged<Value>(size: number, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause;
    throw damaged(size, `the tiles are damaged: ${cause.message}`, { cause });
  }
}
