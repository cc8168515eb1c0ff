import { TlogError } from "./error.ts";
import type { NodeId, NodeSource } from "./node.ts";
import { parseTile, perfectRoot, type TileId, tileOf, tilePath } from "./tile.ts";

/**
 * Source over the tiles of a tree of `size` leaves. `readTile` gives a tile's bytes, or those of a wider version of it. What it gives is believed: a root or
 * proof made from it must be checked against a signed checkpoint.
 */
export function nodesOfTiles(size: number, readTile: (tile: TileId) => Uint8Array): NodeSource {
  return (node) => {
    const { tile, first, count } = locate(node, size);
    return perfectRoot(parseTile(readTile(tile), tile.width).slice(first, first + count));
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
  if (first + count > tile.width) throw new TlogError("node_missing", `a tree of ${size} leaves has no node ${level}/${index}`);
  return { tile, first, count };
}

/** Levels of the Merkle tree in one tile. */
const TILE_HEIGHT = 8;
