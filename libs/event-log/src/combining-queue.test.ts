import { describe, expect, it } from "vitest";
import { CombiningQueue, type Pending } from "./combining-queue.ts";
import { withinTime } from "./deadline.ts";

/** A queue whose batches take as long as the test wants. */
function slowQueue() {
  const batches: (readonly string[])[] = [];
  let open = (): void => {};
  let gate = new Promise<void>((resolve) => (open = resolve));
  const work = async (batch: readonly Pending<string, string>[]): Promise<void> => {
    batches.push(batch.map(({ request }) => request));
    await gate;
    for (const { request, resolve } of batch) resolve(request);
  };
  return {
    queue: new CombiningQueue<string, string>(work, { requests: 256, bytes: 1000 }),
    batches,
    open: () => {
      open();
      gate = Promise.resolve();
    },
    stuck: async () => {
      while (batches.length === 0) await new Promise(setImmediate);
    },
  };
}

describe("combining queue", () => {
  it("takes what came while a batch was under way into the next one", async () => {
    const { queue, batches, open, stuck } = slowQueue();
    const first = queue.add("a", 1);
    await stuck();
    const others = [queue.add("b", 1), queue.add("c", 1)];
    open();
    expect(await Promise.all([first, ...others])).toEqual(["a", "b", "c"]);
    expect(batches).toEqual([["a"], ["b", "c"]]);
  });

  it("does not do what nobody waits for any more when its turn comes", async () => {
    const { queue, batches, open, stuck } = slowQueue();
    const first = queue.add("a", 1);
    await stuck();
    const late = withinTime(-1, () => queue.add("late", 1));
    const patient = withinTime(60_000, () => queue.add("patient", 1));
    open();
    await expect(late).rejects.toMatchObject({ code: "too_late" });
    expect(await Promise.all([first, patient])).toEqual(["a", "patient"]);
    expect(batches).toEqual([["a"], ["patient"]]);
    await queue.idle();
  });

  it("goes on when all that is left came too late", async () => {
    const { queue, open, stuck } = slowQueue();
    open();
    await expect(withinTime(-1, () => queue.add("late", 1))).rejects.toMatchObject({ code: "too_late" });
    await queue.idle();
    expect(await queue.add("b", 1)).toBe("b");
    await stuck();
  });

  it("does not grow behind a batch that is stuck: what is late is let go without its turn", async () => {
    const { queue, open, stuck } = slowQueue();
    const first = queue.add("a", 1);
    await stuck();
    const late = Array.from({ length: 1024 }, () => withinTime(-1, () => queue.add("late", 1)));
    const outcomes = await Promise.allSettled(late);
    expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
    open();
    expect(await first).toBe("a");
  });
});
