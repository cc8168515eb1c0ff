import { checkHash } from "./base64.ts";
import { type CompactRange, rangeFrom } from "./compact-range.ts";
import { TlogError } from "./error.ts";
import { HASH_SIZE } from "./leaf.ts";
import { nodesOfTiles } from "./tile-nodes.ts";
import { formatTile, levelWidth, parseTile, perfectRoot, type TileId, TILE_WIDTH, tileOf } from "./tile.ts";

/** The right edge of a tiled log: the hashes of each level's partial tile. All that is needed to append, at most 255 hashes on each of 7 levels. */
export type TileEdge = {
  /** Number of leaves. */
  readonly size: number;
  readonly rows: readonly (readonly Uint8Array[])[];
};

/** A tile and its bytes. */
export type Tile = { readonly id: TileId; readonly bytes: Uint8Array };

/** Of a log without leaves. */
export const EMPTY_EDGE: TileEdge = { size: 0, rows: [] };

/** The edge with more leaf hashes, and every tile to write for a checkpoint at the new size: those that became full, then the partial ones. */
export function growEdge(edge: TileEdge, leaves: Iterable<Uint8Array>): { readonly edge: TileEdge; readonly tiles: readonly Tile[] } {
  const rows = edge.rows.map((row) => [...row]);
  const fullTiles = edge.rows.map((_, level) => Math.floor(levelWidth(level, edge.size) / TILE_WIDTH));
  const tiles: Tile[] = [];
  const grown = new Set<number>();
  const push = (level: number, hash: Uint8Array): void => {
    const row = (rows[level] ??= []);
    row.push(hash);
    grown.add(level);
    if (row.length < TILE_WIDTH) return;
    const index = fullTiles[level] ?? 0;
    tiles.push({ id: { level, index, width: TILE_WIDTH }, bytes: formatTile(row) });
    fullTiles[level] = index + 1;
    rows[level] = [];
    push(level + 1, perfectRoot(row));
  };
  let { size } = edge;
  for (const leaf of leaves) {
    push(0, checkHash(leaf, "leaf"));
    size += 1;
  }
  const next: TileEdge = { size, rows: rows.map(inOnePiece) };
  return { edge: next, tiles: [...tiles, ...partialTiles(next).filter(({ id }) => id.level !== "entries" && grown.has(id.level))] };
}

/** The edge of a log whose tiles are stored: reads the partial tile of each level. Compare `rootHash(edgeRange(edge))` with the last checkpoint. */
export function edgeFrom(size: number, readTile: (tile: TileId) => Uint8Array): TileEdge {
  const rows: (readonly Uint8Array[])[] = [];
  for (let level = 0; levelWidth(level, size) > 0; level += 1) {
    const count = levelWidth(level, size);
    const width = count % TILE_WIDTH;
    rows.push(width === 0 ? [] : parseTile(readTile(tileOf(level, Math.floor(count / TILE_WIDTH), size)), width));
  }
  return { size, rows };
}

/** The compact range over the same leaves, and so the root. Throws `range_malformed` for an edge that its size cannot have. */
export function edgeRange(edge: TileEdge): CompactRange {
  const tiles = new Map(partialTiles(edge).map(({ id, bytes }) => [id.level, bytes]));
  return rangeFrom(
    edge.size,
    nodesOfTiles(edge.size, ({ level }) => {
      const bytes = tiles.get(level);
      if (bytes === undefined) throw new TlogError("range_malformed", `the edge of ${edge.size} leaves lacks level ${level}`);
      return bytes;
    }),
  );
}

/** An edge is kept for long, and each hash on its own would keep the pool or the message that it is a piece of, up to 64 KB, alive. */
function inOnePiece(row: readonly Uint8Array[]): readonly Uint8Array[] {
  const bytes = Buffer.alloc(row.length * HASH_SIZE);
  row.forEach((hash, index) => bytes.set(hash, index * HASH_SIZE));
  return parseTile(bytes, row.length);
}

function partialTiles({ size, rows }: TileEdge): readonly Tile[] {
  return rows.flatMap((row, level) =>
    row.length === 0
      ? []
      : [{ id: { level, index: Math.floor(levelWidth(level, size) / TILE_WIDTH), width: row.length }, bytes: formatTile(row) }],
  );
}
