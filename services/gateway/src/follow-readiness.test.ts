import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { followReadiness } from "./follow-readiness.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("takes the front door out of service while nothing can be served, not at the first hiccup, and back at once", async () => {
  let serving = true;
  const said: boolean[] = [];
  const end = followReadiness({ serving: async () => serving }, { serving: (can) => void said.push(can) });
  const looks = async (times: number): Promise<readonly boolean[]> => {
    await vi.advanceTimersByTimeAsync(times * 1000);
    return said.splice(0);
  };
  expect(await looks(2)).toEqual([true, true]);
  serving = false;
  expect(await looks(4)).toEqual([true, true, false, false]);
  serving = true;
  expect(await looks(1)).toEqual([true]);
  end();
  expect(await looks(3)).toEqual([]);
});
