import { openDatabase } from "@countersign/database";
import type { AppendRequest } from "@countersign/event-log";
import { NO_EVENTS, planBatch, writeStatement, type Head } from "@countersign/event-log/testing";
import { automaticLife, reviewedLife, type LifeEvent } from "./lifecycle-events.ts";

/** Actions that are open at the same time, so that their events mix as they would. */
const OPEN = 64;
const EVENTS_PER_STATEMENT = 2048;
/** One action in so many is of another tenant, whose events lie between those of the first. */
const OTHERS = 16;

export const BIG_TENANT = "tenant-0";

/**
 * Appends that many events (rounded up to whole actions) of complete lives, planned and hashed as every append is, in large transactions. One event in `votes` is
 * a vote, none with 0. Returns how many it were.
 */
export async function fillLedger(url: string, ledger: string, events: number, votes: number): Promise<number> {
  const database = openDatabase({ url, maxConnections: 1 });
  await database.pool.query("insert into event_log.ledger_head (ledger) values ($1) on conflict do nothing", [ledger]);
  await database.pool.query("set synchronous_commit = off");
  const tenants = new Map<string, Head>();
  let requests: AppendRequest[] = [];
  let position = 0;
  const flush = async (): Promise<void> => {
    const heads = {
      nextPosition: position,
      // Lives are appended whole.
      stream: () => NO_EVENTS,
      tenant: (tenant: string) => tenants.get(tenant) ?? NO_EVENTS,
      reply: () => undefined,
    };
    const batch = planBatch(ledger, heads, requests);
    await database.pool.query(writeStatement(ledger, batch, position));
    for (const [tenant, head] of batch.tenants) tenants.set(tenant, head);
    position += batch.events.length;
    requests = [];
  };
  for (let first = 0; position + requests.length < events; first += OPEN) {
    const lives = Array.from({ length: OPEN }, (_, number) => actionOf(first + number, isReviewed(first + number, votes)));
    const longest = Math.max(...lives.map(({ life }) => life.length));
    for (let version = 0; version < longest; version += 1) requests.push(...lives.flatMap((life) => requestsOf(life, version)));
    if (requests.length >= EVENTS_PER_STATEMENT) await flush();
  }
  if (requests.length > 0) await flush();
  await database.close();
  return position;
}

/** Lives without a review have six events, those with one eight, so that of n events 1 is a vote when 6 of n - 2 lives have one. */
export function isReviewed(number: number, votes: number): boolean {
  if (votes === 0) return false;
  const until = (lives: number): number => Math.floor((lives * 6) / (votes - 2));
  return until(number + 1) > until(number);
}

type Action = { readonly stream: AppendRequest["stream"]; readonly life: readonly LifeEvent[] };

function actionOf(number: number, reviewed: boolean): Action {
  const id = `018f0000-0000-7000-8000-${String(number).padStart(12, "0")}`;
  const tenant = number % OTHERS === OTHERS - 1 ? "tenant-1" : BIG_TENANT;
  const life = (reviewed ? reviewedLife : automaticLife)(tenant, id, Date.UTC(2026, 0, 1) + number * 100);
  return { stream: { tenant, type: "action", id }, life };
}

/** None, when the life is over by then. */
function requestsOf({ stream, life }: Action, version: number): readonly AppendRequest[] {
  return life.slice(version, version + 1).map(({ event, contents, actor, time }) => ({
    stream,
    expectedVersion: version,
    events: [event],
    contents,
    actor: { issuer: "https://idp.example", id: actor },
    time,
  }));
}
