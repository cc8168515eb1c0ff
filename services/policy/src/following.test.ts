import { create } from "@bufbuild/protobuf";
import { EventLogError, type EventLog } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { encodeEvent } from "@countersign/events";
import { PolicyActivatedSchema } from "@countersign/proto/event/v1/policy_events_pb";
import { VerdictOutcome } from "@countersign/proto/v1/action_pb";
import { afterEach, describe, expect, it } from "vitest";
import { documentOf, now, startInstance, stopInstances } from "./testing/instance.ts";

afterEach(stopInstances);

describe("following the policy in force", () => {
  it("uses an activation at once on the instance that served it", async () => {
    const { publish, activate, evaluate } = await startInstance();
    await publish(documentOf("a"));
    await publish(documentOf("b", "deny"));
    await activate(1);
    expect((await evaluate()).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
    await activate(2);
    expect((await evaluate()).verdict?.outcome).toBe(VerdictOutcome.DENY);
  });

  it("activating what is in force has no verdict wait for the log", async () => {
    const { publish, activate, evaluate, state } = await startInstance();
    await publish(documentOf("a"));
    await activate(1);
    await evaluate();
    await activate(1);
    const { reads } = state;
    expect((await evaluate()).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
    expect(state.reads).toBe(reads);
  });

  /** Two instances on one log that hear nothing from each other. */
  async function twoInstances() {
    const one = await startInstance();
    const two = await startInstance(one.inner);
    await one.publish(documentOf("a"));
    await one.publish(documentOf("b", "deny"));
    await one.activate(1);
    expect((await two.evaluate()).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
    await one.activate(2);
    return { one, two, outcome: async () => (await two.evaluate()).verdict?.outcome };
  }

  it("another instance follows within a second without any feed", async () => {
    const { two, outcome } = await twoInstances();
    two.time.ms = 999;
    expect(await outcome()).toBe(VerdictOutcome.ALLOW);
    two.time.ms = 1000;
    expect(await outcome()).toBe(VerdictOutcome.DENY);
  });

  it("another instance follows at once when the feed tells", async () => {
    const { one, two, outcome } = await twoInstances();
    const events = await one.inner.readTenant("acme", { from: 0, limit: 10 });
    two.tell(events.at(-1)!);
    expect(await outcome()).toBe(VerdictOutcome.DENY);
  });

  it("reads in the background before the policy is too old, so that nobody waits", async () => {
    const { two, outcome } = await twoInstances();
    const { reads } = two.state;
    two.time.ms = 499;
    expect(await outcome()).toBe(VerdictOutcome.ALLOW);
    expect(two.state.reads).toBe(reads);
    two.time.ms = 500;
    await Promise.all([outcome(), outcome(), outcome()]);
    await expect.poll(outcome).toBe(VerdictOutcome.DENY);
    two.time.ms = 1400;
    expect(await outcome()).toBe(VerdictOutcome.DENY);
  });

  it("shares one read among those who wait", async () => {
    const { two, outcome } = await twoInstances();
    two.time.ms = 5000;
    const { reads } = two.state;
    expect(new Set(await Promise.all(Array.from({ length: 50 }, outcome)))).toEqual(new Set([VerdictOutcome.DENY]));
    expect(two.state.reads - reads).toBe(2);
  });

  it("P7: gives no verdict from a policy that the log has not confirmed for a second", async () => {
    const { two, outcome } = await twoInstances();
    two.state.down = true;
    two.time.ms = 900;
    expect(await outcome()).toBe(VerdictOutcome.ALLOW);
    two.time.ms = 1000;
    await expect(two.evaluate()).rejects.toMatchObject({ code: "UNAVAILABLE", reason: "LOG_UNREACHABLE" });
    two.state.down = false;
    expect(await outcome()).toBe(VerdictOutcome.DENY);
  });

  it("P1: forgets a policy that the log does not hold any more, as a standby that lagged", async () => {
    const [primary, standby] = [createMemoryEventLog({ ledger: "main" }), createMemoryEventLog({ ledger: "main" })];
    const lost = new Set<() => void>();
    let log: EventLog = primary;
    const { publish, activate, evaluate } = await startInstance({
      ...primary,
      append: (request) => log.append(request),
      readStream: (...asked) => log.readStream(...asked),
      readContents: (...asked) => log.readContents(...asked),
      onLost: (listener) => (lost.add(listener), () => lost.delete(listener)),
    });
    const other = await startInstance(standby);
    for (const [instance, outcome] of [[{ publish, activate }, "allow"] as const, [other, "deny"] as const]) {
      await instance.publish(documentOf("a", outcome));
      await instance.activate(1);
    }
    expect((await evaluate()).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
    log = standby;
    lost.forEach((listener) => listener());
    expect((await evaluate()).verdict?.outcome).toBe(VerdictOutcome.DENY);
  });

  it("P7: gives no verdict when the log is down from the start", async () => {
    const { state, evaluate, publish } = await startInstance();
    state.down = true;
    await expect(evaluate()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(publish(documentOf("a"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("P7: gives no verdict from a stream that is corrupt, also when it was read before, and does not call for another try", async () => {
    const inner = createMemoryEventLog({ ledger: "main" });
    let corrupt = false;
    const readStream: EventLog["readStream"] = async (...asked) => {
      if (corrupt) throw new EventLogError("corrupt", "no append code", { position: 1 });
      return inner.readStream(...asked);
    };
    const { publish, activate, evaluate, time } = await startInstance({ ...inner, readStream });
    await publish(documentOf("a"));
    await activate(1);
    expect((await evaluate()).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
    corrupt = true;
    time.ms = 1000;
    for (const refused of [evaluate(), publish(documentOf("b"))])
      await expect(refused).rejects.toMatchObject({ code: "DATA_LOSS", reason: "LOG_CORRUPT" });
  });

  it("P7: gives no verdict from a document that is not what was published", async () => {
    const inner = createMemoryEventLog({ ledger: "main" });
    const { publish, activate } = await startInstance(inner);
    await publish(documentOf("a", "deny"));
    await activate(1);
    const forged: EventLog = {
      ...inner,
      readContents: async (stream) =>
        new Map([...(await inner.readContents(stream))].map(([key, content]) => [key, { ...content, body: Buffer.from(documentOf("b")) }])),
    };
    const erased: EventLog = { ...inner, readContents: async () => new Map() };
    for (const [log, failure] of [
      [forged, { code: "DATA_LOSS", reason: "LOG_CORRUPT" }],
      [erased, { code: "UNAVAILABLE", reason: "POLICY_UNREACHABLE" }],
    ] as const) {
      const { evaluate } = await startInstance(log);
      await expect(evaluate()).rejects.toMatchObject(failure);
    }
  });

  it("P7: gives no verdict after an event that this build does not know", async () => {
    const { publish, activate, evaluate, inner, time } = await startInstance();
    await publish(documentOf("a"));
    await activate(1);
    expect((await evaluate()).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
    const known = encodeEvent({ type: "PolicyActivated", data: create(PolicyActivatedSchema, { revision: 1n }) });
    await inner.append({
      stream: { tenant: "acme", type: "policy", id: "default" },
      expectedVersion: 2,
      events: [{ ...known, schemaVersion: 2 }],
      time: now,
    });
    time.ms = 1000;
    await expect(evaluate()).rejects.toMatchObject({ code: "UNAVAILABLE", reason: "POLICY_UNREACHABLE" });
  });
});
