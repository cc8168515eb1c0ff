import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY_RANGE, appendLeaf, appendLeaves, leafHash, nodeHash, rangeFrom, rootHash, treeRoot } from "./index.ts";
import { leaves, naiveRoot, nodes, refusal } from "./testing/trees.ts";

// Leaf inputs and root of transparency-dev/merkle testonly/constants.go, and the RFC 6962 constants of its rfc6962_test.go.
const LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"].map((hex) =>
  Buffer.from(hex, "hex"),
);

const rootOf = (count: number) =>
  Buffer.from(rootHash(LEAVES.slice(0, count).reduce((range, leaf) => appendLeaf(range, leafHash(leaf)), EMPTY_RANGE))).toString("hex");

describe("RFC 6962 tree", () => {
  it("hashes nothing to the empty root", () => {
    expect(rootOf(0)).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("hashes the empty leaf", () => {
    expect(leafHash(Buffer.alloc(0)).toString("hex")).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    expect(rootOf(1)).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  });

  it("agrees with the eight-leaf vector", () => {
    expect(rootOf(8)).toBe("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
  });

  // Of transparency-dev/merkle rfc6962/rfc6962_test.go.
  it("hashes a leaf and a node", () => {
    expect(leafHash(Buffer.from("L123456")).toString("hex")).toBe("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    expect(nodeHash(Buffer.from("N123"), Buffer.from("N456")).toString("hex")).toBe(
      "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb",
    );
  });
});

describe("compact range", () => {
  it("has the root of the definition at every size", () => {
    let range = EMPTY_RANGE;
    for (let size = 0; size <= 130; size += 1) {
      expect(Buffer.compare(rootHash(range), naiveRoot(leaves.slice(0, size)))).toBe(0);
      range = appendLeaf(range, leaves[size]!);
    }
  });

  it("goes on from the nodes of a stored tree", () => {
    fc.assert(
      fc.property(fc.nat(600), fc.nat(100), (size, more) => {
        const range = appendLeaves(rangeFrom(size, nodes), leaves.slice(size, size + more));
        expect(range.size).toBe(size + more);
        expect(Buffer.compare(rootHash(range), treeRoot(size + more, nodes))).toBe(0);
      }),
    );
  });

  it("refuses what is no range or no hash", () => {
    expect(refusal(() => appendLeaf({ size: 3, subtrees: [] }, leaves[0]!))).toBe("range_malformed");
    expect(refusal(() => appendLeaf(EMPTY_RANGE, Buffer.from("entry")))).toBe("hash_malformed");
    expect(refusal(() => rangeFrom(-1, nodes))).toBe("number_out_of_range");
  });
});
