import {
  ATTRIBUTES,
  currentTraceparent,
  instruments,
  isSampled,
  markFailed,
  observing,
  startSpan,
  type SpanDetails,
} from "@countersign/telemetry";
import { LRUCache } from "lru-cache";
import { EventLogError } from "./errors.ts";
import type { AppendOutcome, AppendRequest, EventLog, RecordedEvent, StreamName } from "./event-log.ts";

/** Actions whose first trace is remembered. */
const REMEMBERED = 10_000;

/**
 * The same log, measured and traced. An append to an action that began in another trace links to it: between a request and the vote on it days may pass, and a
 * span that lasts as long would help nobody. Costs a test for each call while nothing is measured.
 */
export function observedEventLog<Log extends EventLog>(log: Log): Log {
  const origins = new LRUCache<string, string>({ max: REMEMBERED });
  const append = (request: AppendRequest): Promise<AppendOutcome> => {
    if (!observing()) return log.append(request);
    const parent = request.traceparent || currentTraceparent();
    const span = isSampled(parent) ? startSpan(`append ${request.stream.type}`, detailsOf(request, parent, origins), parent) : undefined;
    return observed(span, () => log.append(request));
  };
  const readStream = async (stream: StreamName, afterVersion?: number): Promise<readonly RecordedEvent[]> => {
    const events = await log.readStream(stream, afterVersion);
    const [first] = events;
    if (first?.streamVersion === 1 && isSampled(first.traceparent)) origins.set(keyOf(stream), first.traceparent);
    return events;
  };
  return { ...log, append, readStream };
}

function detailsOf({ stream, expectedVersion }: AppendRequest, parent: string, origins: LRUCache<string, string>): SpanDetails {
  const key = keyOf(stream);
  const isFirst = expectedVersion === 0;
  const origin = isFirst ? undefined : origins.get(key);
  if (isFirst) origins.set(key, parent);
  const attributes = { [ATTRIBUTES.dbSystem]: "postgresql", [ATTRIBUTES.stream]: stream.id };
  return { kind: "client", attributes, ...(origin === undefined ? {} : { links: [origin] }) };
}

/** The span is not the active one meanwhile: nothing below an append is traced, and what it shares its transaction with is of other traces. */
async function observed(span: ReturnType<typeof startSpan>, work: () => Promise<AppendOutcome>): Promise<AppendOutcome> {
  const startedAt = performance.now();
  let outcome: AppendOutcome["outcome"] | "too_late" | "failed" = "failed";
  try {
    const done = await work();
    ({ outcome } = done);
    return done;
  } catch (error) {
    if (error instanceof EventLogError && error.code === "too_late") outcome = "too_late";
    if (span !== undefined) markFailed(span, error);
    throw error;
  } finally {
    instruments()?.appends.record((performance.now() - startedAt) / 1000, { [ATTRIBUTES.outcome]: outcome });
    span?.end();
  }
}

function keyOf({ tenant, type, id }: StreamName): string {
  return `${tenant}/${type}/${id}`;
}
