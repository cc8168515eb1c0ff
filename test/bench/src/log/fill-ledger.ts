import { openDatabase } from "@countersign/database";
import type { AppendRequest } from "@countersign/event-log";
import { NO_EVENTS, planBatch, streamKey, writeStatement, type Head } from "@countersign/event-log/testing";
import { LIFE, lifeOf, type LifeEvent } from "./lifecycle-events.ts";

/** Actions that are open at the same time, so that their events mix as they would. */
const OPEN = 64;
const EVENTS_PER_STATEMENT = 2048;
/** One action in so many is of another tenant, whose events lie between those of the first. */
const OTHERS = 16;

export const BIG_TENANT = "tenant-0";

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
      if (head.count < LIFE) streams.set(key, head);
      else streams.delete(key);
    }
    for (const [tenant, head] of batch.tenants) tenants.set(tenant, head);
    position += batch.events.length;
    requests = [];
  };
  for (let first = 0; position + requests.length < events; first += OPEN) {
    const lives = Array.from({ length: OPEN }, (_, number) => actionOf(first + number));
    for (let version = 0; version < LIFE; version += 1) for (const life of lives) requests.push(requestOf(life, version));
    if (requests.length >= EVENTS_PER_STATEMENT) await flush();
  }
  if (requests.length > 0) await flush();
  await database.close();
}

type Action = { readonly stream: AppendRequest["stream"]; readonly life: readonly LifeEvent[] };

function actionOf(number: number): Action {
  const id = `018f0000-0000-7000-8000-${String(number).padStart(12, "0")}`;
  const tenant = number % OTHERS === OTHERS - 1 ? "tenant-1" : BIG_TENANT;
  return { stream: { tenant, type: "action", id }, life: lifeOf(tenant, id, Date.UTC(2026, 0, 1) + number * 100) };
}

function requestOf({ stream, life }: Action, version: number): AppendRequest {
  const now = life[version];
  if (now === undefined) throw new RangeError(`a life has no event ${version}`);
  const { event, contents, actor, time } = now;
  return { stream, expectedVersion: version, events: [event], contents, actor: { issuer: "https://idp.example", id: actor }, time };
}
