import { describe, expect, it } from "vitest";
import { oneAhead } from "./one-ahead.ts";

describe("reading one ahead", () => {
  it("gives every piece in order, and has asked for one more than was taken", async () => {
    let asked = 0;
    const source = (async function* () {
      for (; asked < 5;) yield ++asked;
    })();
    const taken: (readonly [number, number])[] = [];
    for await (const piece of oneAhead(source)) taken.push([piece, asked]);
    expect(taken).toEqual([
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
      [5, 5],
    ]);
  });

  it("ends its source when it is left, and fails as the source does, after what came before", async () => {
    let closed = false;
    const failing = async function* () {
      try {
        yield 1;
        throw new Error("the source is gone");
      } finally {
        closed = true;
      }
    };
    const taken: number[] = [];
    const all = async () => {
      for await (const piece of oneAhead(failing())) taken.push(piece);
    };
    await expect(all()).rejects.toThrow("the source is gone");
    expect([taken, closed]).toEqual([[1], true]);
    closed = false;
    for await (const piece of oneAhead(failing())) if (piece === 1) break;
    expect(closed).toBe(true);
  });
});
