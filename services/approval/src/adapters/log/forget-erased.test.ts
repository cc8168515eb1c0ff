import type { EventFeed } from "@countersign/bus";
import type { EventLog } from "@countersign/event-log";
import { describe, expect, it } from "vitest";
import { principal, verdict } from "../../testing/fixtures.ts";
import { exportInput, testApproval } from "../../testing/test-approval.ts";
import { createActionStore } from "./action-store.ts";
import { forgetErased } from "./forget-erased.ts";

describe("P6: memory", () => {
  it("of every instance loses what one of them has erased, as soon as it hears of it", async () => {
    const world = await testApproval();
    world.answer = verdict("deny");
    const { action } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    const ref = { tenant: "acme", id: action?.id ?? "" };
    const other = createActionStore(world.log, { actions: 10, bytes: 1_000_000 });
    const feed: EventFeed = { subscribe: (listener) => world.log.onCommitted((events) => events.forEach((event) => listener(event))) };
    const stop = forgetErased(other, feed);
    const inMemory = async () => !(await other.load(ref)).certain;
    await other.load(ref);
    expect(await inMemory()).toBe(true);
    await world.call("EraseContent", { actionId: ref.id, reason: "asked for" }, principal("officer", { signIn: "mfa" }));
    const { view, certain } = await other.load(ref);
    expect(certain).toBe(true);
    expect([...view.contents.values()].map(({ body }) => Buffer.from(body).toString())).toEqual(["asked for"]);
    stop();
  });

  it("keeps nothing that was being read when it was forgotten: not what was erased, nor (P1) what a lost server held", async () => {
    const world = await testApproval();
    const { action } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    const ref = { tenant: "acme", id: action?.id ?? "" };
    const lost = new Set<() => void>();
    let gate = Promise.withResolvers<void>();
    const log: EventLog = {
      ...world.log,
      onLost: (listener) => (lost.add(listener), () => lost.delete(listener)),
      readStream: async (...asked) => {
        const events = await world.log.readStream(...asked);
        await gate.promise;
        return events;
      },
    };
    const store = createActionStore(log, { actions: 10, bytes: 1_000_000 });
    for (const forget of [() => store.forget(ref), () => lost.forEach((listener) => listener())]) {
      const loading = store.load(ref);
      forget();
      gate.resolve();
      expect((await loading).view.state.version).toBeGreaterThan(0);
      expect((await store.load(ref)).certain).toBe(true);
      expect((await store.load(ref)).certain).toBe(false);
      store.forget(ref);
      gate = Promise.withResolvers();
    }
  });
});
