import { openDatabase, type Database } from "@countersign/database";
import type { AppendKeys, AppendRequest } from "@countersign/event-log";
import { NO_EVENTS, planBatch, writeStatement, type Head } from "@countersign/event-log/testing";
import { automaticLife, reviewedLife, type LifeEvent } from "./lifecycle-events.ts";

/** Actions that are open at the same time, so that their events mix as they would. */
const OPEN = 64;
const EVENTS_PER_STATEMENT = 2048;
/** One action in so many is of another tenant, whose events lie between those of the first. */
const OTHERS = 16;

export const BIG_TENANT = "tenant-0";
export const SMALL_TENANT = "tenant-1";

export type FillOptions = {
  /** Those of who reads the ledger afterwards. */
  readonly appendKeys: AppendKeys;
  /** One event in so many is a vote, none with 0. */
  readonly votes: number;
  /** Whose nearly all of them are. */
  readonly tenant?: string;
  /** Time of the first action in Unix milliseconds, and how far apart they are. Timers that are due when the services look do their work: the past costs more. */
  readonly start?: number;
  readonly everyMs?: number;
  /** Whether requests and redemptions leave an idempotency key, as real ones do. */
  readonly keys?: boolean;
};

/**
 * Appends that many events (rounded up to whole actions) of complete lives behind what the ledger holds, planned and hashed as every append is, in large transactions. Returns how many it were.
 * @throws Error when somebody else appends meanwhile
 */
export async function fillLedger(url: string, ledger: string, events: number, options: FillOptions): Promise<number> {
  const { appendKeys, votes, tenant = BIG_TENANT, keys = false, start: firstTime = Date.UTC(2026, 0, 1), everyMs = 100 } = options;
  const database = openDatabase({ url, maxConnections: 1 });
  await database.pool.query("insert into event_log.ledger_head (ledger) values ($1) on conflict do nothing", [ledger]);
  await database.pool.query("set synchronous_commit = off");
  const found = await readHeads(database, ledger);
  const tenants = new Map(found.tenants);
  let requests: AppendRequest[] = [];
  let position = found.nextPosition;
  let written: Promise<void> = Promise.resolve();
  // While PostgreSQL writes one batch, the next one is made.
  const flush = async (): Promise<void> => {
    const heads = {
      nextPosition: position,
      // Lives are appended whole.
      stream: () => NO_EVENTS,
      tenant: (name: string) => tenants.get(name) ?? NO_EVENTS,
      reply: () => undefined,
    };
    const batch = planBatch(ledger, heads, requests);
    const statement = writeStatement(ledger, appendKeys, batch, position);
    await written;
    written = write(database, statement, `somebody else appended to ${ledger} at ${position}`);
    // Whoever awaits it next is told; until then nobody looks.
    written.catch(() => {});
    for (const [name, head] of batch.tenants) tenants.set(name, head);
    position += batch.events.length;
    requests = [];
  };
  const lifeAt = (number: number): Action => actionOf(tenant, number, firstTime + number * everyMs, isReviewed(number, votes));
  const end = found.nextPosition + events;
  for (let first = 0; position + requests.length < end; first += OPEN) {
    const lives = Array.from({ length: OPEN }, (_, number) => lifeAt(first + number));
    const longest = Math.max(...lives.map(({ life }) => life.length));
    for (let version = 0; version < longest; version += 1) requests.push(...lives.flatMap((life) => requestsOf(life, version, keys)));
    if (requests.length >= EVENTS_PER_STATEMENT) await flush();
  }
  if (requests.length > 0) await flush();
  await written;
  await database.close();
  return position - found.nextPosition;
}

/** @throws Error with this text when the ledger does not end where the batch begins */
async function write(database: Database, statement: ReturnType<typeof writeStatement>, unless: string): Promise<void> {
  const { rows } = await database.pool.query<{ moved: boolean }>(statement);
  if (rows[0]?.moved !== true) throw new Error(unless);
}

/** Where the ledger and its tenants stand. */
async function readHeads(database: Database, ledger: string): Promise<{ nextPosition: number; tenants: ReadonlyMap<string, Head> }> {
  const heads = await database.pool.query<{ next: string }>(
    "select next_position::text as next from event_log.ledger_head where ledger = $1",
    [ledger],
  );
  const { rows } = await database.pool.query<{ tenant: string; count: string; leaf: Buffer }>(
    `select distinct on (tenant) tenant, tenant_sequence::text as count, leaf_hash as leaf from event_log.event where ledger = $1
      order by tenant, tenant_sequence desc`,
    [ledger],
  );
  return {
    nextPosition: Number(heads.rows[0]?.next ?? 0),
    tenants: new Map(rows.map(({ tenant, count, leaf }) => [tenant, { count: Number(count), leaf }])),
  };
}

/** Lives without a review have six events, those with one eight, so that of n events 1 is a vote when 6 of n - 2 lives have one. */
export function isReviewed(number: number, votes: number): boolean {
  if (votes === 0) return false;
  const until = (lives: number): number => Math.floor((lives * 6) / (votes - 2));
  return until(number + 1) > until(number);
}

type Action = { readonly stream: AppendRequest["stream"]; readonly life: readonly LifeEvent[] };

function actionOf(most: string, number: number, start: number, reviewed: boolean): Action {
  const id = `018f0000-0000-7000-8000-${String(number).padStart(12, "0")}`;
  const tenant = number % OTHERS === OTHERS - 1 ? SMALL_TENANT : most;
  const life = (reviewed ? reviewedLife : automaticLife)(tenant, id, start);
  return { stream: { tenant, type: "action", id }, life };
}

/** None, when the life is over by then. */
function requestsOf({ stream, life }: Action, version: number, keys: boolean): readonly AppendRequest[] {
  return life.slice(version, version + 1).map(({ event, contents, actor, time }) => ({
    stream,
    expectedVersion: version,
    events: [event],
    contents,
    actor: { issuer: "https://idp.example", id: actor },
    time,
    idempotency: keys && KEYED.has(event.type) ? { caller: `${event.type}|${actor}`, key: stream.id, reply: BOOKMARK } : undefined,
  }));
}

/** What a caller retries. */
const KEYED: ReadonlySet<string> = new Set(["ActionRequested", "GrantRedeemed"]);
/** As long as a real one; nobody asks for it. */
const BOOKMARK = Buffer.alloc(48);
