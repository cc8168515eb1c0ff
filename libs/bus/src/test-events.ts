import type { EventAppender, RecordedEvent } from "@countersign/event-log";
import type { JetStreamManager } from "@nats-io/jetstream";

/** Appends events of the given type, one append each, to a stream that must be new. */
export async function appendTo(
  log: EventAppender,
  stream: { readonly id: string; readonly tenant?: string; readonly type?: string },
  types: readonly string[],
  options: { readonly after?: number; readonly traceparent?: string; readonly time?: Date } = {},
): Promise<readonly RecordedEvent[]> {
  const outcome = await log.append({
    stream: { tenant: stream.tenant ?? "acme", type: stream.type ?? "action", id: stream.id },
    expectedVersion: options.after ?? 0,
    events: types.map((type, index) => ({ type, schemaVersion: 1, data: Buffer.from(`${stream.id}/${index}`) })),
    actor: { issuer: "https://issuer.test", id: "agent-1" },
    time: options.time ?? new Date("2026-11-21T12:00:00.123Z"),
    traceparent: options.traceparent,
  });
  if (outcome.outcome !== "appended") throw new Error(`append ended as ${outcome.outcome}`);
  return outcome.events;
}

/** Appends a new stream of two events. */
export function appendPair(log: EventAppender, id: string): Promise<readonly RecordedEvent[]> {
  return appendTo(log, { id }, ["ActionRequested", "VerdictReached"]);
}

/** Appends `count` streams of three events each, all at once. */
export async function appendActions(log: EventAppender, count: number, name = "a"): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => appendTo(log, { id: `${name}${index}`, tenant: `t${index % 3}` }, TYPES)));
}

const TYPES = ["ActionRequested", "VerdictReached", "ActionApproved"];

/** All messages of a stream, by sequence; fails at the first that is missing. */
export async function storedBodies(manager: JetStreamManager, stream: string): Promise<readonly Uint8Array[]> {
  const { state } = await manager.streams.info(stream);
  const bodies: Uint8Array[] = [];
  for (let seq = 1; seq <= state.last_seq; seq += 1) {
    const message = await manager.streams.getMessage(stream, { seq });
    if (message === null) throw new Error(`sequence ${seq} is missing`);
    bodies.push(message.data);
  }
  return bodies;
}
