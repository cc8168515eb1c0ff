import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { follow, type FollowOptions } from "./follow.ts";
import { Watch } from "./watch.ts";

type State = { readonly version: number; readonly over?: boolean };

/** A state that a test moves, and how often it was read. */
function setUp(states: readonly State[], changes: Partial<FollowOptions<State>> = {}) {
  const watch = new Watch(() => {});
  const seen: number[] = [];
  let reads = 0;
  const options: FollowOptions<State> = {
    watch,
    read: async () => {
      reads += 1;
      return states[Math.min(reads, states.length) - 1] ?? { version: 0 };
    },
    afterVersion: 0,
    onChange: async ({ version }) => void seen.push(version),
    isOver: ({ over }) => over === true,
    remainingMs: () => 60_000,
    recheckMs: 20,
    random: () => 0.5,
    signal: new AbortController().signal,
    ...changes,
  };
  return { watch, seen, options, reads: () => reads };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Follows, with all the time that it waits for. */
async function followed(options: FollowOptions<State>): Promise<State> {
  const [state] = await Promise.all([follow(options), vi.runAllTimersAsync()]);
  return state;
}

describe("follow", () => {
  it("reads once when it is over already", async () => {
    const { options, seen, reads } = setUp([{ version: 3, over: true }]);
    expect(await follow(options)).toEqual({ version: 3, over: true });
    expect([seen, reads()]).toEqual([[3], 1]);
  });

  it("says nothing about what is known already", async () => {
    const { options, seen } = setUp([{ version: 3, over: true }], { afterVersion: 3 });
    await follow(options);
    expect(seen).toEqual([]);
  });

  it("does not miss what happens while it reads", async () => {
    const { options, watch, seen } = setUp([{ version: 1 }, { version: 2, over: true }]);
    const read = options.read;
    const following = follow({
      ...options,
      read: async () => {
        const state = await read(0);
        // Recorded after the state was taken, heard of before it was looked at.
        if (state.version === 1) watch.hear(2);
        return state;
      },
    });
    // Without any timer.
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toEqual([1, 2]);
    await following;
  });

  describe("from a state that is known", () => {
    const known = { version: 1 };

    it("reads nothing for it, and does not say it again", async () => {
      const { options, watch, seen, reads } = setUp([{ version: 2, over: true }], { afterVersion: 1, known });
      const following = follow(options);
      await vi.advanceTimersByTimeAsync(100);
      expect(reads()).toBe(0);
      watch.hear(2);
      await following;
      expect([seen, reads()]).toEqual([[2], 1]);
    });

    it("reads at once what was heard of before it began", async () => {
      const asked: number[] = [];
      const read = async (knownVersion: number) => {
        asked.push(knownVersion);
        return { version: 2, over: true };
      };
      const { options, watch } = setUp([], { afterVersion: 1, known, read });
      watch.hear(2);
      // No timer runs.
      expect(await follow(options)).toEqual({ version: 2, over: true });
      expect(asked).toEqual([2]);
    });

    it("P7: asks the log soon after, for what nobody said", async () => {
      const asked: number[] = [];
      const read = async (knownVersion: number) => {
        asked.push(knownVersion);
        return { version: 2, over: true };
      };
      const { options, seen } = setUp([], { afterVersion: 1, known, read, recheckMs: 60_000 });
      const following = follow(options);
      await vi.advanceTimersByTimeAsync(300);
      expect([seen, asked]).toEqual([[2], [0]]);
      await following;
    });

    it("is at its end without a read when that state is the last", async () => {
      const { options, reads } = setUp([], { afterVersion: 3, known: { version: 3, over: true } });
      expect([await follow(options), reads()]).toEqual([{ version: 3, over: true }, 0]);
    });
  });

  it("folds a burst into one read", async () => {
    const { options, watch, seen, reads } = setUp([{ version: 1 }, { version: 4 }, { version: 5, over: true }]);
    const following = follow(options);
    await vi.advanceTimersByTimeAsync(0);
    for (const version of [2, 3, 4]) watch.hear(version);
    await vi.advanceTimersByTimeAsync(0);
    expect([seen, reads()]).toEqual([[1, 4], 2]);
    watch.hear(5);
    await following;
    expect(seen).toEqual([1, 4, 5]);
  });

  it("P7: finds out by itself when the feed is silent", async () => {
    const { options, seen } = setUp([{ version: 1 }, { version: 1 }, { version: 2, over: true }]);
    await followed(options);
    expect(seen).toEqual([1, 2]);
  });

  it("asks again, ever less often, when the answer is older than the event", async () => {
    const { options, watch, seen, reads } = setUp([{ version: 1 }], { remainingMs: remaining(200) });
    watch.hear(9);
    await followed(options);
    // At the beginning, after 10, 20, 40 and 80 ms more, and at the end.
    expect([seen, reads()]).toEqual([[1], 6]);
  });

  it("ends with the state as it is when the time is over", async () => {
    const { options } = setUp([{ version: 1 }], { remainingMs: remaining(50) });
    expect(await followed(options)).toEqual({ version: 1 });
  });

  it("ends at once when it is cancelled", async () => {
    const controller = new AbortController();
    const { options } = setUp([{ version: 1 }], { signal: controller.signal, recheckMs: 60_000 });
    const following = follow(options);
    await vi.advanceTimersByTimeAsync(0);
    controller.abort(new Error("hung up"));
    await expect(following).rejects.toThrow("hung up");
  });
});

function remaining(ms: number): () => number {
  const end = Date.now() + ms;
  return () => end - Date.now();
}
