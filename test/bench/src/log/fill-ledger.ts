import { openDatabase } from "@countersign/database";
import type { AppendRequest } from "@countersign/event-log";
import { NO_EVENTS, planBatch, streamKey, writeStatement, type Head } from "@countersign/event-log/testing";
import { LIFECYCLE } from "./lifecycle-events.ts";

/** Actions that are open at the same time, so that their events mix as they would. */
const OPEN = 64;
const EVENTS_PER_STATEMENT = 2048;
const TENANTS = 8;

/** Appends that many events (rounded up to whole actions) of complete lives, planned and hashed as every append is, in large transactions. */
export async function fillLedger(url: string, ledger: string, events: number): Promise<void> {
  const database = openDatabase({ url, maxConnections: 1 });
  await database.pool.query("insert into event_log.ledger_head (ledger) values ($1) on conflict do nothing", [ledger]);
  await database.pool.query("set synchronous_commit = off");
  const streams = new Map<string, Head>();
  const tenants = new Map<string, Head>();
  let requests: AppendRequest[] = [];
  let position = 0;
  const flush = async (): Promise<void> => {
    const heads = {
      nextPosition: position,
      stream: (name: AppendRequest["stream"]) => streams.get(streamKey(name)) ?? NO_EVENTS,
      tenant: (tenant: string) => tenants.get(tenant) ?? NO_EVENTS,
      reply: () => undefined,
    };
    const batch = planBatch(ledger, heads, requests);
    await database.pool.query(writeStatement(ledger, batch, position));
    for (const [key, head] of batch.streams) {
      if (head.count < LIFECYCLE.length) streams.set(key, head);
      else streams.delete(key);
    }
    for (const [tenant, head] of batch.tenants) tenants.set(tenant, head);
    position += batch.events.length;
    requests = [];
  };
  for (let first = 0; position + requests.length < events; first += OPEN) {
    for (let version = 0; version < LIFECYCLE.length; version += 1) {
      for (let action = first; action < first + OPEN; action += 1) requests.push(requestOf(action, version));
    }
    if (requests.length >= EVENTS_PER_STATEMENT) await flush();
  }
  if (requests.length > 0) await flush();
  await database.close();
}

function requestOf(action: number, version: number): AppendRequest {
  const event = LIFECYCLE[version];
  if (event === undefined) throw new RangeError(`a life has no event ${version}`);
  const id = `018f0000-0000-7000-8000-${String(action).padStart(12, "0")}`;
  return {
    stream: { tenant: `tenant-${action % TENANTS}`, type: "action", id },
    expectedVersion: version,
    events: [event],
    actor: { issuer: "https://idp.example", id: version === 3 ? "data-owner" : "crm-agent" },
    time: new Date(Date.UTC(2026, 0, 1) + action * 100 + version * 10),
  };
}
