import { leafHash } from "@countersign/tlog";
import { streamKey } from "./batch.ts";
import { readEntry } from "./entry-reader.ts";
import type { RecordedEvent } from "./event-log.ts";

/**
 * Everything that must hold for a whole ledger read from its start: dense positions, stream versions and tenant sequences, links that name
 * the leaf before, hashes of the very bytes. Returns what does not.
 */
export function ledgerProblems(events: readonly RecordedEvent[]): string[] {
  const problems: string[] = [];
  const streams = new Map<string, RecordedEvent>();
  const tenants = new Map<string, RecordedEvent>();
  const ids = new Set<string>();
  for (const [index, event] of events.entries()) {
    const check = (holds: boolean, what: string) => {
      if (!holds) problems.push(`position ${event.position}: ${what}`);
    };
    const entry = readEntry(event.entry);
    const stream = streams.get(streamKey(event.stream));
    const tenant = tenants.get(event.stream.tenant);
    check(event.position === index, `is at index ${index}`);
    check(event.streamVersion === (stream?.streamVersion ?? 0) + 1, `stream version ${event.streamVersion} is not dense`);
    check(event.tenantSequence === (tenant?.tenantSequence ?? 0) + 1, `tenant sequence ${event.tenantSequence} is not dense`);
    check(Buffer.compare(entry.previousStreamLeaf, stream?.leafHash ?? NONE) === 0, "does not link to its stream's last event");
    check(Buffer.compare(entry.previousTenantLeaf, tenant?.leafHash ?? NONE) === 0, "does not link to its tenant's last event");
    check(leafHash(event.entry).equals(event.leafHash), "has a wrong leaf hash");
    check(!ids.has(Buffer.from(event.eventId).toString("hex")), "has the id of another event");
    ids.add(Buffer.from(event.eventId).toString("hex"));
    streams.set(streamKey(event.stream), event);
    tenants.set(event.stream.tenant, event);
  }
  return problems;
}

const NONE = new Uint8Array(0);
