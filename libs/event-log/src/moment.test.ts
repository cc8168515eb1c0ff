import { describe, expect, it } from "vitest";
import { until } from "./moment.ts";

const events = [
  { position: 3, time: new Date(1000) },
  { position: 7, time: new Date(3000) },
  { position: 8, time: new Date(2000) },
];
const count = (moment: Parameters<typeof until>[1]): number => until(events, moment).length;

describe("until", () => {
  it("takes in the event at the position", () => expect([2, 3, 6, 7, 100].map((position) => count({ position }))).toEqual([0, 1, 1, 2, 3]));

  it("goes by the stream's order where clocks differ", () =>
    expect([999, 1000, 2500, 3000].map((time) => count({ time: new Date(time) }))).toEqual([0, 1, 1, 3]));
});
