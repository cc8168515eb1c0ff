import type { RecordedEvent } from "@countersign/event-log";
import { sql, type Kysely } from "kysely";
import type { ConsumerKey } from "./checkpoint.ts";

/** An event that a consumer could not handle, or that waits behind one in its stream. */
export type DeadLetter = ConsumerKey & {
  readonly position: number;
  readonly tenant: string;
  readonly streamType: string;
  readonly streamId: string;
  readonly eventType: string;
  /** The kind of error, without content. */
  readonly error: string;
  /** How often it was tried; 0 for one that only waits. */
  readonly attempts: number;
  readonly parkedAt: Date;
  /** `replay`: handed to the consumer again, which has not got to it yet. `discarded`: given up; the consumer will never handle it. */
  readonly state: "parked" | "replay" | "discarded";
};

/**
 * Dead letters, oldest position first.
 * @param page - `after` is the `next` of the page before; `limit` is 1 to 200, default 50.
 */
export async function listDeadLetters<Tables>(
  database: Kysely<Tables>,
  filter: { readonly consumer?: string; readonly ledger?: string; readonly tenant?: string } = {},
  page: { readonly after?: string; readonly limit?: number } = {},
): Promise<{ readonly deadLetters: readonly DeadLetter[]; /** Absent on the last page. */ readonly next?: string }> {
  const limit = Math.min(Math.max(page.limit ?? 50, 1), 200);
  const after = parseCursor(page.after);
  const { rows } = await sql<Row>`
    select consumer, ledger, position::text as position, tenant, stream_type, stream_id, event_type, error, attempts, parked_at, state
    from bus.dead_letter
    where (${filter.consumer ?? null}::text is null or consumer = ${filter.consumer ?? null})
      and (${filter.ledger ?? null}::text is null or ledger = ${filter.ledger ?? null})
      and (${filter.tenant ?? null}::text is null or tenant = ${filter.tenant ?? null})
      and (position, consumer, ledger) > (${after.position}::bigint, ${after.consumer}::text, ${after.ledger}::text)
    order by bus.dead_letter.position, consumer, ledger limit ${limit + 1}`.execute(database);
  const deadLetters = rows.slice(0, limit).map(toDeadLetter);
  const last = deadLetters.at(-1);
  return rows.length > limit && last !== undefined ? { deadLetters, next: cursor(last) } : { deadLetters };
}

/** The consumers that a ledger has or had, by name. */
export async function listConsumers<Tables>(database: Kysely<Tables>, ledger: string): Promise<readonly string[]> {
  const { rows } = await sql<{ consumer: string }>`
    select consumer from bus.checkpoint where ledger = ${ledger} union select consumer from bus.dead_letter where ledger = ${ledger}
    order by consumer`.execute(database);
  return rows.map(({ consumer }) => consumer);
}

/** One dead letter, if the tenant has it. */
export async function findDeadLetter<Tables>(
  database: Kysely<Tables>,
  { consumer, ledger }: ConsumerKey,
  tenant: string,
  position: number,
): Promise<DeadLetter | undefined> {
  const { rows } = await sql<Row>`
    select consumer, ledger, position::text as position, tenant, stream_type, stream_id, event_type, error, attempts, parked_at, state
    from bus.dead_letter where consumer = ${consumer} and ledger = ${ledger} and tenant = ${tenant} and position = ${position}`.execute(
    database,
  );
  return rows[0] === undefined ? undefined : toDeadLetter(rows[0]);
}

/** Told of dead letters to which something is about to happen, oldest first; when it throws, nothing happens to them. */
type Recorder = (positions: readonly number[]) => Promise<void>;

export type ReplayedDeadLetters = {
  /** Only the stream of this one: from its oldest dead letter on, since order inside a stream is kept. Absent: all. */
  readonly position?: number | undefined;
  /** Only this tenant's. */
  readonly tenant?: string;
  /** Not called when there are none. */
  readonly record?: Recorder;
};

/**
 * Hands dead letters to their consumer again; it takes them within about a second, in order, and those that fail are parked again.
 * @returns How many were handed out.
 */
export async function replayDeadLetters<Tables>(
  database: Kysely<Tables>,
  { consumer, ledger }: ConsumerKey,
  { position, tenant, record = async () => {} }: ReplayedDeadLetters = {},
): Promise<number> {
  return database.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ position: string }>`
      update bus.dead_letter set state = 'replay'
      where consumer = ${consumer} and ledger = ${ledger} and state <> 'discarded' and (${tenant ?? null}::text is null or tenant = ${tenant ?? null})
        and (${position ?? null}::bigint is null or (tenant, stream_type, stream_id) in (
          select tenant, stream_type, stream_id from bus.dead_letter
          where consumer = ${consumer} and ledger = ${ledger} and position = ${position ?? null}))
      returning position::text as position`.execute(transaction);
    const positions = rows.map((row) => Number(row.position)).toSorted((a, b) => a - b);
    if (positions.length > 0) await record(positions);
    return positions.length;
  });
}

/**
 * Gives up on a dead letter: its consumer never handles the event. What waits behind it in its stream is handled next.
 * @returns whether there was one that was not given up yet.
 */
export async function discardDeadLetter<Tables>(
  database: Kysely<Tables>,
  { consumer, ledger }: ConsumerKey,
  { tenant, position, record }: { readonly tenant: string; readonly position: number; readonly record: Recorder },
): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    const discarded = await sql`
      update bus.dead_letter set state = 'discarded'
      where consumer = ${consumer} and ledger = ${ledger} and tenant = ${tenant} and position = ${position} and state <> 'discarded'`.execute(
      transaction,
    );
    if (discarded.numAffectedRows !== 1n) return false;
    await record([position]);
    return true;
  });
}

/** Puts events away with the reason; all of them in one statement. */
export async function park<Tables>(
  transaction: Kysely<Tables>,
  { consumer, ledger }: ConsumerKey,
  letters: readonly { readonly event: RecordedEvent; readonly error: string; readonly attempts: number }[],
): Promise<void> {
  if (letters.length === 0) return;
  const column = (value: (letter: (typeof letters)[number]) => string | number) => letters.map(value);
  await sql`
    insert into bus.dead_letter (consumer, ledger, position, tenant, stream_type, stream_id, event_type, error, attempts)
    select ${consumer}, ${ledger}, letter.* from unnest(
      ${column(({ event }) => event.position)}::bigint[], ${column(({ event }) => event.stream.tenant)}::text[], ${column(({ event }) => event.stream.type)}::text[],
      ${column(({ event }) => event.stream.id)}::text[], ${column(({ event }) => event.type)}::text[], ${column(({ error }) => error)}::text[],
      ${column(({ attempts }) => attempts)}::integer[]) as letter`.execute(transaction);
}

type Row = {
  consumer: string;
  ledger: string;
  position: string;
  tenant: string;
  stream_type: string;
  stream_id: string;
  event_type: string;
  error: string;
  attempts: number;
  parked_at: Date;
  state: DeadLetter["state"];
};

function toDeadLetter(row: Row): DeadLetter {
  const { consumer, ledger, tenant, error, attempts, state } = row;
  return {
    consumer,
    ledger,
    position: Number(row.position),
    tenant,
    streamType: row.stream_type,
    streamId: row.stream_id,
    eventType: row.event_type,
    error,
    attempts,
    parkedAt: row.parked_at,
    state,
  };
}

function cursor({ position, consumer, ledger }: DeadLetter): string {
  return Buffer.from(JSON.stringify([position, consumer, ledger])).toString("base64url");
}

function parseCursor(text: string | undefined): { readonly position: number; readonly consumer: string; readonly ledger: string } {
  if (text === undefined || text === "") return { position: -1, consumer: "", ledger: "" };
  const parts = parseJson(Buffer.from(text, "base64url").toString());
  const [position, consumer, ledger] = Array.isArray(parts) ? Array.from<unknown>(parts) : [];
  if (typeof position !== "number" || !Number.isSafeInteger(position) || typeof consumer !== "string" || typeof ledger !== "string") {
    throw new RangeError("not a page token of this list");
  }
  return { position, consumer, ledger };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
