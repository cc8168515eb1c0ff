import { expect, test } from "vitest";
import { Tally } from "./tally.ts";

test("a kind of fault of which nothing is felt, however often it is done, fails the run", () => {
  const tally = new Tally();
  tally.add("kill", "process 1 is 2 now");
  tally.add("kill", undefined);
  tally.add("reset", undefined);
  tally.add("clock", undefined);
  expect(tally.problems()).toEqual([]);
  tally.add("clock", undefined);
  expect(tally.problems()).toEqual(["the fault clock was done 2 times, and nothing was felt of it"]);
  expect(tally.counts).toEqual({ kill: { done: 2, felt: 1 }, reset: { done: 1, felt: 0 }, clock: { done: 2, felt: 0 } });
});
