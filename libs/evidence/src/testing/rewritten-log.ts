import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { decodeEntry, type EventLog } from "@countersign/event-log";
import { EntrySchema, type Entry } from "@countersign/proto/event/v1/entry_pb";

/**
 * The log as somebody would rewrite it who keeps it and signs its tree: entries are changed, and the links of all others made to fit. Each stays at its position,
 * and among its tenant's.
 */
export async function rewrittenLog(log: EventLog, change: (entry: Entry) => void): Promise<EventLog> {
  const leaves = new Map<string, Uint8Array>();
  const fitting = (link: Uint8Array): Uint8Array => leaves.get(Buffer.from(link).toString("hex")) ?? link;
  const events = (await log.readAll({ from: 0, limit: 10_000 })).map((original) => {
    const entry = fromBinary(EntrySchema, original.entry);
    entry.previousStreamLeaf = fitting(entry.previousStreamLeaf);
    entry.previousTenantLeaf = fitting(entry.previousTenantLeaf);
    change(entry);
    const rewritten = decodeEntry(toBinary(EntrySchema, entry));
    leaves.set(Buffer.from(original.leafHash).toString("hex"), rewritten.leafHash);
    return { ...rewritten, position: original.position, stream: { ...rewritten.stream, tenant: original.stream.tenant } };
  });
  return { ...log, readAll: async ({ from, limit }) => events.slice(from, from + limit) };
}
