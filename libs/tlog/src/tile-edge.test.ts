import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  consistencyProof,
  edgeFrom,
  edgeRange,
  EMPTY_EDGE,
  growEdge,
  inclusionNodes,
  inclusionProof,
  leafHash,
  newTiles,
  nodesOfTiles,
  openCheckpoint,
  parseEntryBundle,
  parseTile,
  parseVerifierKey,
  rootHash,
  type TileId,
  tilePath,
  tilesOfNodes,
  treeRoot,
  verifyConsistency,
} from "./index.ts";
import { flip, leaves, nodes, refusal } from "./testing/trees.ts";
import { type LogFiles, readTestdata } from "./testing/testdata.ts";

/** A place where tiles are kept, as a log would. */
function tileStore() {
  const files = new Map<string, Uint8Array>();
  const read = (tile: TileId): Uint8Array => {
    const bytes = files.get(tilePath(tile));
    if (bytes === undefined) throw new Error(`no ${tilePath(tile)}`);
    return bytes;
  };
  return { files, read };
}

// More than 256 * 256 leaves, so that there is a third level.
const many = Array.from({ length: 66_000 }, (_, index) => leafHash(Buffer.from(String(index))));

describe("tile edge", () => {
  it("keeps alive no more than its hashes, whatever they were pieces of", () => {
    const { edge } = growEdge(growEdge(EMPTY_EDGE, many.slice(0, 1000)).edge, many.slice(1000, 1100));
    const memory = edge.rows.map((row) => [...new Set(row.map(({ buffer }) => buffer))].map(({ byteLength }) => byteLength));
    expect(memory).toEqual([[76 * 32], [4 * 32]]);
  });

  it("writes exactly the tiles that each growth needs, and their nodes give the tree", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(sizes, (steps) => {
        const { files, read } = tileStore();
        let edge = EMPTY_EDGE;
        for (const step of steps.filter((count) => edge.size + count <= 600)) {
          const before = edge.size;
          const grown = growEdge(edge, leaves.slice(before, Math.min(before + step, 600)));
          for (const { id, bytes } of grown.tiles) files.set(tilePath(id), bytes);
          edge = grown.edge;
          expect(grown.tiles.map(({ id }) => tilePath(id)).sort()).toEqual([...newTiles(before, edge.size)].map(tilePath).sort());
          expect(Buffer.compare(rootHash(edgeRange(edge)), treeRoot(edge.size, nodes))).toBe(0);
          expect(edgeFrom(edge.size, read)).toEqual(edge);
        }
        const { size } = edge;
        const source = nodesOfTiles(size, read);
        if (size === 0) return;
        expect(inclusionProof(size - 1, size, source)).toEqual(inclusionProof(size - 1, size, nodes));
        expect(consistencyProof(Math.floor(size / 2), size, source)).toEqual(consistencyProof(Math.floor(size / 2), size, nodes));
      }),
      { numRuns: 60 },
    );
  });

  it("climbs to a third level", () => {
    const { files, read } = tileStore();
    const first = growEdge(EMPTY_EDGE, many.slice(0, 65_000));
    const second = growEdge(first.edge, many.slice(65_000));
    for (const { id, bytes } of [...first.tiles, ...second.tiles]) files.set(tilePath(id), bytes);
    expect(second.tiles.map(({ id }) => tilePath(id))).toEqual(expect.arrayContaining(["tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1"]));
    const whole = nodesOfTiles(many.length, read);
    const older = { size: 65_000, root: treeRoot(65_000, nodesOfTiles(65_000, read)) };
    verifyConsistency(older, { size: many.length, root: rootHash(edgeRange(second.edge)) }, consistencyProof(65_000, many.length, whole));
    expect(rootHash(edgeRange(edgeFrom(65_000, read)))).toEqual(older.root);
  });

  it("says which tiles a proof needs", () => {
    expect(tilesOfNodes(inclusionNodes(3, 70_000), 70_000).map(tilePath).sort()).toEqual(
      ["tile/0/000", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17"].sort(),
    );
  });

  it("refuses rows that do not fit the size", () => {
    expect(refusal(() => edgeRange({ size: 3, rows: [] }))).toBe("range_malformed");
    expect(refusal(() => edgeRange({ size: 3, rows: [leaves.slice(0, 2)] }))).toBe("tile_malformed");
    expect(refusal(() => growEdge(EMPTY_EDGE, [Buffer.alloc(3)]))).toBe("hash_malformed");
    expect(refusal(() => edgeFrom(3, () => Buffer.alloc(64)))).toBe("tile_malformed");
  });

  it("never asks for nodes beyond the tree", () => {
    const source = nodesOfTiles(300, () => Buffer.alloc(32 * 256));
    expect(refusal(() => source({ level: 0, index: 300 }))).toBe("node_missing");
    expect(refusal(() => source({ level: 6, index: 4 }))).toBe("node_missing");
    expect(refusal(() => tilesOfNodes([{ level: 6, index: 4 }], 300))).toBe("node_missing");
  });
});

describe("the log of Tessera's testdata", () => {
  const log = readTestdata("tessera-log.json") as LogFiles;
  const key = parseVerifierKey(log.vkey);
  const heads = log.checkpoints.map((text) => openCheckpoint(Buffer.from(text), [key]).checkpoint);
  const entries = parseEntryBundle(Buffer.from(log.bundles["tile/entries/000.p/15"]!, "base64"), 15);
  const tile = Buffer.from(log.tiles["tile/0/000.p/15"]!, "base64");

  it("has the leaves of its entries in its tiles", () => {
    expect(parseTile(tile, 15).map((hash) => Buffer.from(hash))).toEqual(entries.map(leafHash));
    for (const width of [1, 7]) {
      expect(tile.subarray(0, width * 32)).toEqual(Buffer.from(log.tiles[`tile/0/000.p/${width}`]!, "base64"));
      expect(parseEntryBundle(Buffer.from(log.bundles[`tile/entries/000.p/${width}`]!, "base64"), width)).toEqual(entries.slice(0, width));
    }
  });

  it("has the roots that its checkpoints sign", () => {
    let edge = EMPTY_EDGE;
    for (const head of heads) {
      edge = growEdge(edge, entries.slice(edge.size, head.size).map(leafHash)).edge;
      expect(edge.size).toBe(head.size);
      expect(rootHash(edgeRange(edge))).toEqual(head.root);
    }
  });

  it("is consistent from each checkpoint to every later one", () => {
    const source = nodesOfTiles(15, () => tile);
    for (const newer of heads)
      for (const older of heads.slice(0, newer.size)) verifyConsistency(older, newer, consistencyProof(older.size, newer.size, source));
  });

  it("shows a flipped bit of a tile in the root", () => {
    fc.assert(
      fc.property(fc.nat(15 * 32 - 1), fc.nat(7), (byte, bit) => {
        const source = nodesOfTiles(15, () => flip(tile, byte, bit));
        expect(Buffer.compare(treeRoot(15, source), heads[15]!.root)).not.toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
