import { createMemoryEventLog } from "@countersign/event-log/testing";
import { recordSpans } from "@countersign/telemetry/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RelayObserver } from "./relay-observer.ts";
import { appendTo } from "./test-events.ts";

const trace = (digit: string, flags = "01"): string => `00-${digit.repeat(32)}-${digit.repeat(16)}-${flags}`;
const log = createMemoryEventLog({ ledger: "main" });
/** One event of each trace; none where there is none. */
const eventsOf = async (name: string, traceparents: readonly string[]) =>
  (
    await Promise.all(
      traceparents.map((traceparent, index) => appendTo(log, { id: `${name}${index}` }, ["ActionRequested"], { traceparent })),
    )
  ).flat();

let recorded: ReturnType<typeof recordSpans>;
beforeEach(() => {
  recorded = recordSpans();
});
afterEach(() => recorded.close());

test("what goes together is one span: part of the first trace that is kept, linked to the others", async () => {
  const observer = new RelayObserver();
  const events = await eventsOf("a", ["", trace("1", "00"), trace("2"), trace("3"), trace("2"), trace("3")]);
  observer.published(events);
  const end = (events.at(-1)?.position ?? 0) + 1;
  observer.stored(end - 1);
  expect(recorded.spans()).toEqual([]);
  observer.stored(end);
  const [span] = recorded.spans();
  expect(recorded.spans()).toHaveLength(1);
  expect(span).toMatchObject({ name: "publish events", parentSpanContext: { traceId: "2".repeat(32), spanId: "2".repeat(16) } });
  expect(span?.links.map(({ context }) => context.traceId)).toEqual(["3".repeat(32)]);
  expect(span?.attributes).toEqual({
    "messaging.system.name": "nats",
    "messaging.destination.name": "main",
    "messaging.batch.message_count": events.length,
  });
});

test("there is none for what nobody keeps, and what is sent again has failed", async () => {
  const observer = new RelayObserver();
  observer.published(await eventsOf("b", ["", trace("4", "00")]));
  observer.published([]);
  observer.restart();
  expect(recorded.spans()).toEqual([]);
  observer.published(await eventsOf("c", [trace("5")]));
  observer.restart();
  expect(recorded.spans().map(({ attributes }) => attributes["error.type"])).toEqual(["lost"]);
  observer.stored(Number.MAX_SAFE_INTEGER);
  expect(recorded.spans()).toHaveLength(1);
});
