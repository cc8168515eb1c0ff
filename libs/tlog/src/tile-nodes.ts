import { TlogError } from "./error.ts";
import type { NodeId, NodeSource } from "./node.ts";
import { parseTile, rowAbove, type TileId, tileOf, tilePath } from "./tile.ts";

/**
 * Source over the tiles of a tree of `size` leaves. `readTile` gives a tile's bytes, or those of a wider version of it. What it gives is believed: a root or
 * proof made from it must be checked against a signed checkpoint. The source remembers the last tiles that it was asked for, so proofs of neighbouring
 * leaves cost little.
 */
export function nodesOfTiles(size: number, readTile: (tile: TileId) => Uint8Array): NodeSource {
  const recent = new Map<string, Row[]>();
  const rowsOf = (tile: TileId): Row[] => {
    const path = tilePath(tile);
    const rows = recent.get(path) ?? [parseTile(readTile(tile), tile.width)];
    recent.delete(path);
    recent.set(path, rows);
    const [oldest] = recent.keys();
    if (oldest !== undefined && recent.size > MAX_RECENT) recent.delete(oldest);
    return rows;
  };
  return (node) => {
    const { tile, first, count } = locate(node, size);
    const rows = rowsOf(tile);
    const height = node.level % TILE_HEIGHT;
    while (rows.length <= height) rows.push(rowAbove(rows.at(-1) ?? []));
    return rows[height]?.[first / count] ?? missing(node, size);
  };
}

/** The tiles that hold the nodes, each once: what to load before making a proof. */
export function tilesOfNodes(nodes: readonly NodeId[], size: number): readonly TileId[] {
  const tiles = nodes.map((node) => locate(node, size).tile);
  return [...new Map(tiles.map((tile) => [tilePath(tile), tile])).values()];
}

function locate({ level, index }: NodeId, size: number): { tile: TileId; first: number; count: number } {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const count = 2 ** (level % TILE_HEIGHT);
  const start = index * count;
  const first = start % 2 ** TILE_HEIGHT;
  const tile = tileOf(tileLevel, Math.floor(start / 2 ** TILE_HEIGHT), size);
  if (first + count > tile.width) return missing({ level, index }, size);
  return { tile, first, count };
}

function missing({ level, index }: NodeId, size: number): never {
  throw new TlogError("node_missing", `a tree of ${size} leaves has no node ${level}/${index}`);
}

/** Hashes of one level of the Merkle tree within a tile. */
type Row = readonly Uint8Array[];

/** Tiles to remember, some 16 KiB each. */
const MAX_RECENT = 32;
/** Levels of the Merkle tree in one tile. */
const TILE_HEIGHT = 8;
