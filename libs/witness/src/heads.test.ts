import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { headsDirectory, type Head, type Heads } from "./heads.ts";

const LOG = "0".repeat(64);

let directory: string;
let heads: Heads;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "countersign-heads-"));
  heads = headsDirectory(directory);
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Goes on so many times, and tells all heads that were the newest. */
async function advance(times: number): Promise<readonly (Head | undefined)[]> {
  const seen = [await heads.newest(LOG)];
  for (let time = 0; time < times; time += 1) {
    expect(await heads.advance(LOG, seen.at(-1), Buffer.from(`note ${time + 1}`))).toBe(true);
    seen.push(await heads.newest(LOG));
  }
  return seen;
}

it("P6: the newest checkpoint is the one of the highest number, and few are kept behind it", async () => {
  const seen = await advance(11);
  expect(seen.map((head) => head && `${head.number}: ${Buffer.from(head.note).toString()}`)).toEqual([
    undefined,
    ...Array.from({ length: 11 }, (_, index) => `${index + 1}: note ${index + 1}`),
  ]);
  expect(readdirSync(join(directory, LOG)).toSorted()).toEqual(["10", "11", "9"]);
});

it.each([0, 1, 2, 3, 4])(
  "P6: whoever slept since checkpoint %i while others went on to the fifth, and tidied up, goes nowhere",
  async (since) => {
    const seen = await advance(5);
    expect(await heads.advance(LOG, seen[since], Buffer.from("a fork"))).toBe(false);
    expect(await heads.newest(LOG)).toEqual(seen[5]);
    expect(readdirSync(join(directory, LOG)).toSorted()).toEqual(["3", "4", "5"]);
  },
);

it("P7: takes no file for a checkpoint but those that it numbered", async () => {
  await advance(1);
  for (const name of ["2x", "02", "-3", "draft-9", "1e9"]) writeFileSync(join(directory, LOG, name), "x");
  expect((await heads.newest(LOG))?.number).toBe(1);
});
