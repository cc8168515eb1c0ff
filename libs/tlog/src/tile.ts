import { TlogError } from "./error.ts";
import { HASH_SIZE, nodeHash } from "./leaf.ts";
import { checkCount } from "./number.ts";

/** Hashes or entries in a full tile (c2sp.org/tlog-tiles). */
export const TILE_WIDTH = 256;

/** A tile of hashes by its level, or a bundle of the entries under a tile of level 0. */
export type TileId = {
  readonly level: number | "entries";
  /** Number of the tile on its level. */
  readonly index: number;
  /** Hashes or entries that it holds: 256, or fewer in a partial tile. */
  readonly width: number;
};

/** Path under the log's prefix, such as `tile/0/x001/x234/067.p/89`. Throws `tile_path_malformed` for a tile that cannot exist. */
export function tilePath({ level, index, width }: TileId): string {
  checkTile({ level, index, width });
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g) ?? [];
  const last = groups.pop();
  const number = [...groups.map((group) => `x${group}`), last].join("/");
  return `tile/${level}/${number}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** Reads the one spelling that `tilePath` writes. Throws `tile_path_malformed` or `number_out_of_range`. */
export function parseTilePath(path: string): TileId {
  const [, level, groups, last, width] = TILE_PATH.exec(path.slice(0, MAX_PATH)) ?? [];
  if (level === undefined || groups === undefined || last === undefined) throw malformed();
  const tile: TileId = {
    level: level === "entries" ? level : Number(level),
    index: checkCount(Number(groups.replaceAll(/[x/]/g, "") + last), "tile index"),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  if (width === String(TILE_WIDTH) || tilePath(tile) !== path) throw malformed();
  return tile;
}

/** The tile in its width in a tree of `size` leaves. Throws `node_missing` if that tree has no such tile. */
export function tileOf(level: TileId["level"], index: number, size: number): TileId {
  const width = Math.min(TILE_WIDTH, levelWidth(level, size) - checkCount(index, "tile index") * TILE_WIDTH);
  if (width < 1) throw new TlogError("node_missing", `a tree of ${size} leaves has no tile ${level}/${index}`);
  return { level, index, width };
}

/** Hashes on a level of tiles, over all its tiles. */
export function levelWidth(level: TileId["level"], size: number): number {
  checkCount(size, "tree size");
  return level === "entries" ? size : Math.floor(size / TILE_WIDTH ** level);
}

/**
 * Every tile of hashes that a tree of `size` leaves has and the one of `oldSize` had not, or had narrower: what to write when a log grows. Level by level from
 * the leaves, each from left to right. With `oldSize` 0 these are all tiles of the tree.
 */
export function* newTiles(oldSize: number, size: number): Generator<TileId> {
  for (let level = 0; levelWidth(level, size) > 0; level += 1) yield* newTilesOfLevel(level, oldSize, size);
}

/** The same for entry bundles. */
export function newBundles(oldSize: number, size: number): Generator<TileId> {
  return newTilesOfLevel("entries", oldSize, size);
}

/** Writes a tile of hashes. Throws `tile_malformed`. */
export function formatTile(hashes: readonly Uint8Array[]): Buffer {
  if (hashes.length === 0 || hashes.length > TILE_WIDTH || hashes.some((hash) => hash.length !== HASH_SIZE)) {
    throw new TlogError("tile_malformed", `a tile holds 1 to ${TILE_WIDTH} hashes of ${HASH_SIZE} bytes`);
  }
  return Buffer.concat(hashes);
}

/** The first `width` hashes of a tile; a wider version of the same tile will do, since tiles only grow. Throws `tile_malformed`. */
export function parseTile(bytes: Uint8Array, width: number): readonly Uint8Array[] {
  if (bytes.length % HASH_SIZE !== 0 || bytes.length < width * HASH_SIZE || bytes.length > TILE_WIDTH * HASH_SIZE) {
    throw new TlogError("tile_malformed", `${bytes.length} bytes are no tile of ${width} hashes`);
  }
  return Array.from({ length: width }, (_, index) => bytes.subarray(index * HASH_SIZE, (index + 1) * HASH_SIZE));
}

/** The parents of a row of nodes; a last node without a sibling has none. */
export function rowAbove(row: readonly Uint8Array[]): readonly Uint8Array[] {
  return row.flatMap((left, index) => {
    const right = row[index + 1];
    return index % 2 === 1 || right === undefined ? [] : [nodeHash(left, right)];
  });
}

/** Root over a full row, or any whose length is a power of two: for a full tile this is one hash of the level above. */
export function perfectRoot(row: readonly Uint8Array[]): Uint8Array {
  let hashes = row;
  while (hashes.length > 1) hashes = rowAbove(hashes);
  const [root] = hashes;
  if (root === undefined) throw new TlogError("tile_malformed", "no hashes have no root");
  return root;
}

function* newTilesOfLevel(level: TileId["level"], oldSize: number, size: number): Generator<TileId> {
  const [before, after] = [levelWidth(level, oldSize), levelWidth(level, size)];
  if (before === after) return;
  for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < after; index += 1) yield tileOf(level, index, size);
}

function checkTile({ level, index, width }: TileId): void {
  const goodLevel = level === "entries" || (Number.isInteger(level) && level >= 0 && level <= MAX_LEVEL);
  if (!goodLevel || !Number.isInteger(width) || width < 1 || width > TILE_WIDTH) throw malformed();
  checkCount(index, "tile index");
}

const malformed = () => new TlogError("tile_path_malformed", "not the path of a tile or an entry bundle");

const MAX_LEVEL = 63;
const MAX_PATH = 64;
const TILE_PATH = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*)([0-9]{3})(?:\.p\/([0-9]{1,3}))?$/;
