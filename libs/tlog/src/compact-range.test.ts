import { describe, expect, it } from "vitest";
import { EMPTY_RANGE, appendLeaf, rootHash } from "./compact-range.ts";
import { leafHash } from "./leaf.ts";

// Leaf inputs and root of transparency-dev/merkle testonly/constants.go, and the RFC 6962 constants of its rfc6962_test.go.
const LEAVES = [
  "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
].map((hex) => Buffer.from(hex, "hex"));

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
});
