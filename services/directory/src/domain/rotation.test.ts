import { describe, expect, it } from "vitest";
import { onCallAt, type Schedule } from "./rotation.ts";

const at = (text: string) => Date.parse(text);
const schedule: Schedule = {
  rotations: [{ startMs: at("2026-01-05T08:00:00Z"), turnMs: 7 * 86_400_000, people: ["ada", "bob", "eve"] }],
  overrides: [{ fromMs: at("2026-01-13T00:00:00Z"), untilMs: at("2026-01-14T00:00:00Z"), person: "max" }],
};

describe("a rotation", () => {
  it.each([
    ["2026-01-05T07:59:59Z", []],
    ["2026-01-05T08:00:00Z", ["ada"]],
    ["2026-01-12T07:59:59Z", ["ada"]],
    ["2026-01-12T08:00:00Z", ["bob"]],
    ["2026-01-13T00:00:00Z", ["max"]],
    ["2026-01-14T00:00:00Z", ["bob"]],
    ["2026-01-19T08:00:00Z", ["eve"]],
    ["2026-01-26T08:00:00Z", ["ada"]],
  ])("at %s: %o", (time, people) => {
    expect(onCallAt(schedule, at(time))).toEqual(people);
  });
});
