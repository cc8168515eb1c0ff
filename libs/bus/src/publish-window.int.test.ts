import { createMemoryEventLog } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { testNats } from "@countersign/testing";
import { jetstreamManager } from "@nats-io/jetstream";
import { expect, onTestFinished, test } from "vitest";
import { connectNats } from "./connect.ts";
import { LostStep, PublishWindow } from "./publish-window.ts";
import { startRelay } from "./start-relay.ts";
import { eventStreamName } from "./subjects.ts";
import { appendActions } from "./test-events.ts";

/** A log of 30 events, a stream that may hold them, and a window at its start; `answers` counts what JetStream says. */
async function opened() {
  const { url, prefix } = await testNats();
  const connection = await connectNats({ url, name: "window-test" });
  const log = createMemoryEventLog({ ledger: "main" });
  const relay = startRelay({ log, connection, prefix, logger: silentLogger });
  await expect.poll(() => relay.active(), { timeout: 20_000, interval: 10 }).toBe(true);
  await relay.close();
  await appendActions(log, 10);
  let answers = 0;
  const window = new PublishWindow(connection, prefix, () => (answers += 1));
  window.restart(0);
  onTestFinished(async () => {
    window.close();
    await connection.close();
  });
  const manager = await jetstreamManager(connection, { checkAPI: false });
  return {
    window,
    events: await log.readAll({ from: 0, limit: 100 }),
    answers: () => answers,
    lastSequence: async () => (await manager.streams.info(eventStreamName(prefix, "main"))).state.last_seq,
  };
}

/** What `check` throws, if it does. */
function failure(window: PublishWindow): LostStep | undefined {
  try {
    window.check();
    return undefined;
  } catch (error) {
    if (error instanceof LostStep) return error;
    throw error;
  }
}

test("P4: the answer to the last event says that JetStream has all before it", async () => {
  const { window, events, answers, lastSequence } = await opened();
  for (const event of events) window.publish(event, event === events.at(-1));
  expect([window.inFlight, window.stored]).toEqual([30, 0]);
  await expect.poll(() => window.stored, { timeout: 20_000, interval: 5 }).toBe(30);
  window.check();
  expect(window.inFlight).toBe(0);
  expect(await lastSequence()).toBe(30);
  // The first, which nobody asked for but the window itself, and the last.
  expect(answers()).toBe(2);
});

test("P4: what was stored and comes again, from a relay that stood still, is refused however late: nothing has to be remembered of it", async () => {
  const { window, events, lastSequence } = await opened();
  for (const event of events) window.publish(event, event === events.at(-1));
  await expect.poll(() => window.stored, { timeout: 20_000, interval: 5 }).toBe(30);
  window.restart(0);
  for (const event of events) window.publish(event, event === events.at(-1));
  await expect.poll(() => failure(window)?.message, { timeout: 20_000, interval: 5 }).toContain("wrong last sequence: 30");
  expect(await lastSequence()).toBe(30);
});

test("P4: an event that is lost between two others, without an answer of its own, makes JetStream refuse the next, and the window says so", async () => {
  const { window, events, lastSequence } = await opened();
  for (const event of events.slice(0, 9)) if (event.position !== 4) window.publish(event, event.position === 8);
  await expect.poll(() => window.stored, { timeout: 20_000, interval: 5 }).toBe(1);
  await expect.poll(() => failure(window), { timeout: 20_000, interval: 5 }).toBeInstanceOf(LostStep);
  expect(await lastSequence()).toBe(4);
});
