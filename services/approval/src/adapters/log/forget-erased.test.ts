import type { EventFeed } from "@countersign/bus";
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
});
