import { describe, expect, it } from "vitest";
import { StateDigest } from "./state-digest.ts";

describe("StateDigest", () => {
  it("P5: depends on the rows and on nothing else", () => {
    const [one, other] = [new StateDigest(), new StateDigest()];
    for (const row of ["a", "b", "c"]) one.change(undefined, row);
    other.change(undefined, "c0");
    other.change(undefined, "b");
    other.change("c0", "c");
    const resumed = new StateDigest(other.bytes());
    resumed.change(undefined, "a");
    expect(resumed.bytes()).toEqual(one.bytes());
    expect(one.bytes()).toHaveLength(32);
    one.change("a", "a2");
    expect(resumed.bytes()).not.toEqual(one.bytes());
  });

  it("starts from nothing", () => {
    expect(new StateDigest(new Uint8Array()).bytes()).toEqual(Buffer.alloc(32));
  });
});
