import type { EventRecord, JsonObject } from "../record.ts";

/** An event as the log could hold it. */
export function record(type: string, data: JsonObject = {}, changes: Partial<EventRecord> = {}): EventRecord {
  return {
    ledger: "main",
    tenant: "acme",
    position: 4711,
    tenantSequence: 815,
    id: "0192f0c1-0000-7000-8000-00000000beef",
    type,
    time: new Date("2026-03-01T12:00:00.123Z"),
    stream: { type: "action", id: "0192f0c1-0000-7000-8000-000000000001" },
    streamVersion: 3,
    actor: { issuer: "https://id.example", id: "ann" },
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    data,
    leafHash: new Uint8Array(32).fill(7),
    summary: "human ann approved",
    ...changes,
  };
}
