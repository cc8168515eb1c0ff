import type { AppendRequest, EventAppender, EventLog, RecordedEvent, StreamName } from "./event-log.ts";

// What the tests of this package append.

export const TIME = new Date("2026-11-21T12:00:00.123Z");

export function stream(id: string, tenant = "acme"): StreamName {
  return { tenant, type: "action", id };
}

export function appendTo(
  name: StreamName,
  expectedVersion: number,
  more: Partial<AppendRequest> & { readonly count?: number } = {},
): AppendRequest {
  const { count = 1, ...rest } = more;
  const events = Array.from({ length: count }, (_, index) => ({
    type: "ActionRequested",
    schemaVersion: 1,
    data: Buffer.from(`${name.id}/${expectedVersion + index + 1}`),
  }));
  return { stream: name, expectedVersion, events, time: TIME, ...rest };
}

export function withKey(key: string, request = "request", caller = "https://issuer|agent"): Pick<AppendRequest, "idempotency"> {
  return { idempotency: { caller, key, reply: Buffer.from(`reply to ${request}`) } };
}

/** An event that says which contents are gone; the log only looks for the digests in it. */
export function erasure(...digests: readonly Uint8Array[]) {
  return { type: "ContentErased", schemaVersion: 1, data: Buffer.concat(digests) };
}

/** Appends one that must win. */
export async function appended(log: EventAppender, request: AppendRequest): Promise<readonly RecordedEvent[]> {
  const outcome = await log.append(request);
  if (outcome.outcome !== "appended") throw new Error(`append ended as ${outcome.outcome}`);
  return outcome.events;
}

export async function readEverything(log: EventLog): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (;;) {
    const page = await log.readAll({ from: events.length, limit: 1_000 });
    if (page.length === 0) return events;
    events.push(...page);
  }
}
