import { createHash } from "node:crypto";
import { EventLogError, type RecordedEvent } from "@countersign/event-log";
import {
  EMPTY_EDGE,
  edgeRange,
  formatTile,
  growEdge,
  openCheckpoint,
  rootHash,
  TILE_WIDTH,
  TlogError,
  type Checkpoint,
  type Tile,
  type TileEdge,
  type TileId,
} from "@countersign/tlog";
import { edgeTiles } from "./edge-tiles.ts";
import type { SealingParts } from "./resume.ts";

/** Tiles as they are stored, for whoever may change them: nothing is final before the caller says so. */
export type TileRows = {
  /** In the order asked for. */
  read(tiles: readonly TileId[]): Promise<readonly (Buffer | undefined)[]>;
  /** Some of those that do not belong to a tree with these numbers of tiles, by level; none when there are no more. */
  beyond(counts: readonly number[]): Promise<readonly { readonly level: number; readonly index: number; readonly bytes: Buffer }[]>;
  write(tiles: readonly Tile[]): Promise<void>;
  remove(tiles: readonly { readonly level: number; readonly index: number }[]): Promise<void>;
};

/** A tile as it was found and as it is now; an empty hash stands for none. */
export type RepairedTile = {
  readonly level: number;
  readonly index: number;
  readonly oldSha256: Uint8Array;
  readonly newSha256: Uint8Array;
};

export type Repair = { readonly epoch: number; readonly checkpointSize: number; readonly tiles: readonly RepairedTile[] };

/** The tiles cannot be computed from what there is: everything is left as it was. */
export class RepairRefusedError extends Error {
  override readonly name = "RepairRefusedError";
}

export type RepairParts = Pick<SealingParts, "store" | "anchor" | "witnesses" | "epochs" | "signerFor"> & {
  /** The log, entry by entry, each checked against its hash. */
  readonly scan: (range: { readonly from: number; readonly to: number }) => AsyncIterable<readonly RecordedEvent[]>;
  readonly rows: TileRows;
};

type Signed = Pick<Checkpoint, "size" | "root"> & { readonly source: string };

/**
 * Computes every tile of the newest epoch again from the entries, and puts right those that are not so. The entries must lead to the newest checkpoint of the
 * database and to each one known outside of it: the caller makes nothing of it final when this throws. Memory does not grow with the log.
 * @throws RepairRefusedError
 */
export async function repairTiles(parts: RepairParts): Promise<Repair> {
  const { epoch, size, signed } = await signedCheckpoints(parts);
  const mended = new Mended(parts.rows);
  let edge: TileEdge = EMPTY_EDGE;
  for (const { source, size: end, root } of signed) {
    if (edge.size < end) {
      for await (const events of entries(parts, edge.size, end)) {
        const grown = growEdge(
          edge,
          events.map(({ leafHash }) => leafHash),
        );
        ({ edge } = grown);
        // The anchor may be one checkpoint ahead; what it has is held against the log, and not written.
        if (edge.size <= size) await mended.compare(grown.tiles.filter(({ id }) => id.width === TILE_WIDTH));
      }
    }
    if (Buffer.compare(rootHash(edgeRange(edge)), root) !== 0) throw refused(`${leadElsewhere(source, end)}${mended.hint}`);
    if (end === size) await mended.compare(partialTiles(edge));
  }
  await mended.removeBeyond(size);
  return { epoch, checkpointSize: size, tiles: mended.tiles };
}

/** What the result must agree with, smallest first; what lies outside of the database must be there. */
async function signedCheckpoints({ store, anchor, witnesses, epochs, signerFor }: RepairParts) {
  const { epoch } = await epochs.newest();
  if ((await anchor.epoch()) !== epoch)
    throw refused(`the log is in epoch ${epoch}, and the anchor in another one: is it the right directory?`);
  const signer = signerFor(epoch);
  const open = (source: string, note: Uint8Array): Signed => {
    try {
      const { size, root } = openCheckpoint(note, signer.known).checkpoint;
      return { source, size, root };
    } catch (cause) {
      if (!(cause instanceof TlogError)) throw cause;
      throw refused(`the newest checkpoint in ${source} is not signed by us: ${cause.message}`, { cause });
    }
  };
  const [stored, anchored] = [await store.newest({ epoch }), await anchor.newest(epoch)];
  if (stored === undefined || anchored === undefined) throw refused("there is no checkpoint to hold the tiles against");
  const own = open("the database", stored.note);
  const outside = open("the anchor", anchored.note);
  if (own.size !== stored.size || outside.size < own.size)
    throw refused(
      `the database has a checkpoint of ${stored.size} events, and the anchor one of ${outside.size}: they do not belong together`,
    );
  const signed = [own, outside, ...(await witnesses.newest(signer))].toSorted((one, other) => one.size - other.size);
  return { epoch, size: own.size, signed };
}

async function* entries({ scan }: RepairParts, from: number, to: number): AsyncGenerator<readonly RecordedEvent[]> {
  try {
    yield* scan({ from, to });
  } catch (cause) {
    if (!(cause instanceof EventLogError) || cause.code !== "corrupt") throw cause;
    throw refused(`the entries are damaged themselves: ${cause.message}`, { cause });
  }
}

/** Compares tiles with what is stored, mends, and remembers what it did. */
class Mended {
  readonly tiles: RepairedTile[] = [];
  readonly #rows: TileRows;
  #firstOther: number | undefined;

  constructor(rows: TileRows) {
    this.#rows = rows;
  }

  /** Where the stored tiles first say something else than the entries: if the entries are wrong, it is there. */
  get hint(): string {
    return this.#firstOther === undefined ? "" : `; the first that is not as it was sealed may be at position ${this.#firstOther}`;
  }

  async compare(tiles: readonly Tile[]): Promise<void> {
    if (tiles.length === 0) return;
    const stored = await this.#rows.read(tiles.map(({ id }) => id));
    const wrong = tiles.flatMap((tile, index) => {
      const found = stored[index];
      return found?.equals(tile.bytes) === true ? [] : [{ tile, found }];
    });
    for (const { tile, found } of wrong) {
      this.#note(tile.id, found, tile.bytes);
      if (tile.id.level === 0 && found !== undefined) this.#firstOther ??= tile.id.index * TILE_WIDTH + firstDifference(found, tile.bytes);
    }
    if (wrong.length > 0) await this.#rows.write(wrong.map(({ tile }) => tile));
  }

  /** A tile that the tree does not have would stand in the way when it gets there. */
  async removeBeyond(size: number): Promise<void> {
    const counts: number[] = [];
    for (let width = size; width > 0; width = Math.floor(width / TILE_WIDTH)) counts.push(Math.ceil(width / TILE_WIDTH));
    for (;;) {
      const extra = await this.#rows.beyond(counts);
      if (extra.length === 0) return;
      for (const { bytes, ...id } of extra) this.#note(id, bytes, undefined);
      await this.#rows.remove(extra);
    }
  }

  #note({ level, index }: Pick<TileId, "level" | "index">, before: Uint8Array | undefined, after: Uint8Array | undefined): void {
    this.tiles.push({ level: Number(level), index, oldSha256: sha256(before), newSha256: sha256(after) });
  }
}

function partialTiles(edge: TileEdge): readonly Tile[] {
  return edgeTiles(edge.size).map((id) => ({ id, bytes: formatTile(edge.rows[Number(id.level)] ?? []) }));
}

function firstDifference(one: Uint8Array, other: Uint8Array): number {
  const at = one.findIndex((byte, index) => byte !== other[index]);
  return Math.floor((at === -1 ? Math.min(one.length, other.length - 1) : at) / HASH);
}

const HASH = 32;

const sha256 = (bytes: Uint8Array | undefined): Uint8Array =>
  bytes === undefined ? new Uint8Array() : createHash("sha256").update(bytes).digest();

const leadElsewhere = (source: string, size: number): string =>
  `the entries do not lead to the checkpoint of ${size} events in ${source}: it is not the tiles that are wrong`;

const refused = (message: string, options?: ErrorOptions) =>
  new RepairRefusedError(`nothing was repaired: ${message}. Restore a backup that continues what was signed`, options);
