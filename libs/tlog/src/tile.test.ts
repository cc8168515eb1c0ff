import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatEntryBundle,
  formatTile,
  newBundles,
  newTiles,
  parseEntryBundle,
  parseTile,
  parseTilePath,
  tileOf,
  tilePath,
} from "./index.ts";
import { leaves, refusal } from "./testing/trees.ts";
import { readTestdata } from "./testing/testdata.ts";

const paths = readTestdata("tile-paths.json") as {
  good: readonly (readonly [string, number | "entries", number, number])[];
  bad: readonly string[];
};

describe("tile path", () => {
  it.each(paths.good)("%s", (path, level, index, width) => {
    expect(tilePath({ level, index, width })).toBe(path);
    expect(parseTilePath(path)).toEqual({ level, index, width });
  });

  const others = [
    "",
    "tile",
    "checkpoint",
    "tile/00/000",
    "tile/0/x000/001",
    "tile/0/000.p/0",
    "tile/0/000.p/01",
    "tile/0/000\n",
    "/tile/0/000",
    "tile/0/000/",
  ];
  it.each([...paths.bad, ...others])("refuses %j", (path) => {
    expect(refusal(() => parseTilePath(path))).toMatch(/^(tile_path_malformed|number_out_of_range)$/);
  });

  it("refuses an index that no number holds exactly", () => {
    expect(refusal(() => parseTilePath("tile/63/x999/x999/x999/x999/x999/999.p/255"))).toBe("number_out_of_range");
  });

  it("reads back what it writes", () => {
    const tile = fc.record({
      level: fc.oneof(fc.constant("entries" as const), fc.nat(63)),
      index: fc.maxSafeNat(),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(tile, (id) => {
        expect(parseTilePath(tilePath(id))).toEqual(id);
      }),
    );
  });

  it.each([
    { level: 64, index: 0, width: 256 },
    { level: -1, index: 0, width: 256 },
    { level: 0, index: 0, width: 0 },
    { level: 0, index: 0, width: 257 },
  ])("writes none for $level/$index.p/$width", (tile) => {
    expect(refusal(() => tilePath(tile))).toBe("tile_path_malformed");
  });
});

describe("tiles of a tree", () => {
  it("are those of the specification for 70,000 leaves", () => {
    const widths = [...newTiles(0, 70_000)].map(({ level, width }) => `${level}:${width}`);
    expect(widths.filter((tile) => tile === "0:256")).toHaveLength(273);
    expect(widths.filter((tile) => tile !== "0:256")).toEqual(["0:112", "1:256", "1:17", "2:1"]);
  });

  it("are a full tile and one above for 256 leaves", () => {
    expect([...newTiles(0, 256)].map(tilePath)).toEqual(["tile/0/000", "tile/1/000.p/1"]);
  });

  it("that grow are those that changed", () => {
    expect([...newTiles(255, 257)].map(tilePath)).toEqual(["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]);
    expect([...newTiles(257, 258)].map(tilePath)).toEqual(["tile/0/001.p/2"]);
    expect([...newTiles(258, 258)]).toEqual([]);
    expect([...newBundles(0, 513)].map(tilePath)).toEqual(["tile/entries/000", "tile/entries/001", "tile/entries/002.p/1"]);
  });

  it("end where the tree ends", () => {
    expect(tileOf(0, 1, 257)).toEqual({ level: 0, index: 1, width: 1 });
    expect(refusal(() => tileOf(0, 1, 256))).toBe("node_missing");
    expect(refusal(() => tileOf(1, 0, 255))).toBe("node_missing");
    expect(refusal(() => tileOf(0, -1, 256))).toBe("number_out_of_range");
  });
});

describe("tile", () => {
  it("is its hashes", () => {
    const bytes = formatTile(leaves.slice(0, 7));
    expect(bytes).toHaveLength(7 * 32);
    expect(parseTile(bytes, 7)).toEqual(leaves.slice(0, 7).map((leaf) => Buffer.from(leaf)));
  });

  it("may be wider than asked for", () => {
    expect(parseTile(formatTile(leaves.slice(0, 256)), 3)).toHaveLength(3);
  });

  it("is refused in any other size", () => {
    const bytes = formatTile(leaves.slice(0, 7));
    for (const wrong of [bytes.subarray(1), bytes.subarray(32), Buffer.alloc(0), Buffer.alloc(257 * 32)])
      expect(refusal(() => parseTile(wrong, 7))).toBe("tile_malformed");
    expect(refusal(() => formatTile([]))).toBe("tile_malformed");
    expect(refusal(() => formatTile(leaves.slice(0, 257)))).toBe("tile_malformed");
    expect(refusal(() => formatTile([Buffer.alloc(31)]))).toBe("tile_malformed");
  });
});

describe("entry bundle", () => {
  it("reads back what it writes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 256 }), (entries) => {
        const bytes = formatEntryBundle(entries);
        expect(parseEntryBundle(bytes, entries.length).map((entry) => Buffer.from(entry))).toEqual(
          entries.map((entry) => Buffer.from(entry)),
        );
        expect(refusal(() => parseEntryBundle(bytes, entries.length + 1))).toBe("entry_bundle_malformed");
        expect(refusal(() => parseEntryBundle(bytes, entries.length - 1))).toBe("entry_bundle_malformed");
        expect(refusal(() => parseEntryBundle(bytes.subarray(0, -1), entries.length))).toBe("entry_bundle_malformed");
      }),
      { numRuns: 50 },
    );
  });

  it("holds entries of up to 65,535 bytes", () => {
    expect(parseEntryBundle(formatEntryBundle([Buffer.alloc(65_535)]), 1)[0]).toHaveLength(65_535);
    expect(refusal(() => formatEntryBundle([Buffer.alloc(65_536)]))).toBe("entry_too_large");
    expect(refusal(() => formatEntryBundle([]))).toBe("entry_bundle_malformed");
    expect(refusal(() => formatEntryBundle(Array.from({ length: 257 }, () => Buffer.alloc(1))))).toBe("entry_bundle_malformed");
  });
});
