import { expect, it } from "vitest";
import { ProgressReport } from "./progress.ts";

it("says how fast and how long, not too often, and always at the end of a step", () => {
  let now = 0;
  const report = new ProgressReport(() => now);
  expect(report.message({ step: "a", done: 100, total: 1100 })).toMatchObject({ rate: 0, secondsLeft: 0 });
  now = 400;
  expect(report.message({ step: "a", done: 200, total: 1100 })).toBeUndefined();
  now = 1000;
  expect(report.message({ step: "a", done: 600, total: 1100 })).toEqual({ step: "a", done: 600n, total: 1100n, rate: 500, secondsLeft: 1 });
  now = 1100;
  expect(report.message({ step: "a", done: 1100, total: 1100 })).toMatchObject({ secondsLeft: 0 });
  expect(report.message({ step: "b", done: 5 })).toMatchObject({ step: "b", total: 0n, secondsLeft: 0 });
});
