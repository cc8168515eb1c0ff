import { TILE_WIDTH, tileOf, type TileId } from "@countersign/tlog";

/** The partial tiles of a tree: all that its root, and whoever appends to it, needs. */
export function edgeTiles(size: number): readonly TileId[] {
  const tiles: TileId[] = [];
  for (let level = 0; size >= TILE_WIDTH ** level; level += 1) {
    const count = Math.floor(size / TILE_WIDTH ** level);
    if (count % TILE_WIDTH !== 0) tiles.push(tileOf(level, Math.floor(count / TILE_WIDTH), size));
  }
  return tiles;
}
