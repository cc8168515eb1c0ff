import { withinTime } from "@countersign/event-log";
import { expect, it } from "vitest";
import { TenantTime } from "./tenant-time.ts";

/** Time that goes by only where it is said. */
function played(waits = Infinity) {
  let now = 0;
  const time = new TenantTime(
    () => now,
    async (ms) => (now += ms),
    () => waits,
  );
  /** When work that takes so long begins; or why not. */
  const begins = async (tenant: string, tookMs: number): Promise<unknown> => {
    try {
      return await time.run(tenant, () => {
        const began = now;
        now += tookMs;
        return began;
      });
    } catch (error) {
      return (error as { reason: string }).reason;
    }
  };
  return { begins, wait: (ms: number) => (now += ms) };
}

it("P8: a tenant that keeps the thread has a quarter of it, and another waits for nothing", async () => {
  const { begins } = played();
  const began: unknown[] = [];
  for (let times = 0; times < 5; times += 1) {
    began.push(await begins("slow", 200));
    await begins("other", 0);
  }
  expect(began).toEqual([0, 200, 800, 1600, 2400]);
  expect(await begins("other", 1)).toBe(2600);
});

it("P8: a tenant that has been alone for a second has half of the thread, until another comes", async () => {
  const { begins } = played();
  const began: unknown[] = [];
  for (let times = 0; times < 7; times += 1) began.push(await begins("slow", 200));
  expect(began).toEqual([0, 200, 800, 1600, 1800, 2100, 2500]);
  expect(await begins("other", 1)).toBe(2700);
  expect(await begins("slow", 200)).toBe(3100);
});

it("what takes a moment is not counted, however often", async () => {
  const { begins } = played();
  for (let times = 0; times < 10_000; times += 1) expect(await begins("busy", 0.25)).toBe(0.25 * times);
});

it("P7: who would wait for long is turned away before anything is done, and is welcome later", async () => {
  const { begins, wait } = played();
  expect(await begins("slow", 3000)).toBe(0);
  expect(await begins("slow", 1)).toBe("OVERLOADED");
  await begins("other", 0);
  wait(10_000);
  expect(await begins("slow", 1)).toBe(3000 + 10_000 + 1000);
});

it("P7: nobody waits for what the caller would not wait for, and nothing is done for who has gone", async () => {
  const { begins, wait } = played(1000);
  expect(await begins("slow", 490)).toBe(0);
  expect(await begins("slow", 1)).toBe("OVERLOADED");
  wait(20);
  expect(await begins("slow", 1)).toBe(490 + 20 + 940);
});

it("P7: how long the caller waits is what the bus says of its command", async () => {
  let now = 0;
  const pauses: number[] = [];
  const pause = async (ms: number) => void pauses.push((now += ms));
  const time = new TenantTime(() => now, pause);
  await time.run("slow", () => (now += 750));
  await expect(withinTime(500, () => time.run("slow", () => "done"))).rejects.toMatchObject({ reason: "OVERLOADED" });
  expect(pauses).toEqual([]);
  expect(await withinTime(60_000, () => time.run("slow", () => "done"))).toBe("done");
});

it("P8: what may not wait is done at once, and the next one pays for it, also when it fails", async () => {
  let now = 0;
  const time = new TenantTime(() => now);
  const failing = () => {
    now += 3000;
    throw new Error("no policy");
  };
  for (const _ of [1, 2]) expect(() => time.count("slow", failing)).toThrow("no policy");
  await expect(time.run("slow", () => "done")).rejects.toMatchObject({ reason: "OVERLOADED" });
  expect(await time.run("other", () => "done")).toBe("done");
});
