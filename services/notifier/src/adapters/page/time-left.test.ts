import { expect, it } from "vitest";
import { timeLeft } from "./time-left.ts";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

it.each([
  [-1, undefined],
  [0, undefined],
  [1, "less than a minute"],
  [MINUTE, "1 minute"],
  [2 * MINUTE - 1, "1 minute"],
  [HOUR, "1 hour"],
  [2 * HOUR + 5 * MINUTE + 59_999, "2 hours 5 minutes"],
  [DAY + 59 * MINUTE, "1 day"],
  [3 * DAY + HOUR, "3 days 1 hour"],
])("says of %i ms: %s", (milliseconds, text) => {
  expect(timeLeft(milliseconds)).toBe(text);
});
