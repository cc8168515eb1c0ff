import { int8Array, textArray, type RecordedEvent } from "@countersign/event-log";
import { sql, type Kysely } from "kysely";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { OnChange, RefusedEvent } from "../projection.ts";
import type { ActionFact } from "./fact.ts";
import { actionStreams, foldStream, streamKey, type ActionStream } from "./fold.ts";
import { parseState, toRow, type ActionRow } from "./row.ts";

/** One read of the rows concerned, a fold in memory, one write: two statements per batch, however many events. */
export async function projectActions(
  toFact: (event: RecordedEvent) => ActionFact,
  events: readonly RecordedEvent[],
  database: Kysely<unknown>,
  table: string,
  onChange?: OnChange,
): Promise<readonly RefusedEvent[]> {
  const streams = actionStreams(events);
  const before = await readStates(streams, database, table);
  const rows: ActionRow[] = [];
  const refused: RefusedEvent[] = [];
  for (const [index, stream] of streams.entries()) {
    // Large batches leave others of the process their turn.
    if (index % STREAMS_PER_TURN === STREAMS_PER_TURN - 1) await nextTurn();
    const text = before.get(streamKey(stream));
    const known = text === undefined ? undefined : parseState(text);
    const folded = foldStream(known, stream.events, toFact);
    refused.push(...folded.refused);
    if (folded.state === undefined || folded.state === known) continue;
    const row = toRow(stream.tenant, stream.id, folded.state);
    rows.push(row);
    onChange?.(text === undefined ? undefined : rowText(stream, text), rowText(stream, row.state));
  }
  await writeRows(rows, database, table);
  return refused;
}

const STREAMS_PER_TURN = 200;

/** Everything that a row says: its other columns are computed from the state. */
function rowText(stream: ActionStream, state: string): string {
  return JSON.stringify([stream.tenant, stream.id, state]);
}

/** As stored, so that nobody parses what has not changed. */
async function readStates(
  streams: readonly ActionStream[],
  database: Kysely<unknown>,
  table: string,
): Promise<ReadonlyMap<string, string>> {
  // A stream that starts in this batch has no row; if it has one after all (a replay), the write below leaves the newer row alone.
  const known = streams.filter((stream) => stream.events[0]?.streamVersion !== 1);
  if (known.length === 0) return new Map();
  const { rows } = await sql<{ tenant: string; id: string; state: string }>`
    select a.tenant, a.action_id as id, a.state
    from unnest(${textArray(known.map((stream) => stream.tenant))}::text[], ${textArray(known.map((stream) => stream.id))}::text[]) as k (tenant, id)
    join ${sql.table(`audit.${table}`)} a on a.tenant = k.tenant and a.action_id = k.id`.execute(database);
  return new Map(rows.map((row) => [streamKey(row), row.state]));
}

async function writeRows(rows: readonly ActionRow[], database: Kysely<unknown>, table: string): Promise<void> {
  if (rows.length === 0) return;
  const texts = (column: (row: ActionRow) => string) => textArray(rows.map(column));
  const numbers = (column: (row: ActionRow) => number) => int8Array(rows.map(column));
  await sql`
    insert into ${sql.table(`audit.${table}`)} as a
      (tenant, action_id, request_position, version, status, action_name, requester, waits, review_deadline, asks, barred, state)
    select tenant, action_id, request_position, version, status, action_name, requester, waits, review_deadline, asks::text[], barred::text[], state
    from unnest(
      ${texts((row) => row.tenant)}::text[], ${texts((row) => row.actionId)}::text[], ${numbers((row) => row.requestPosition)}::bigint[],
      ${numbers((row) => row.version)}::bigint[], ${texts((row) => row.status)}::text[], ${texts((row) => row.actionName)}::text[],
      ${texts((row) => row.requester)}::text[], ${rows.map((row) => row.waits)}::boolean[],
      ${numbers((row) => row.reviewDeadline)}::bigint[], ${texts((row) => row.asks)}::text[],
      ${texts((row) => row.barred)}::text[], ${texts((row) => row.state)}::text[]
    ) as n (tenant, action_id, request_position, version, status, action_name, requester, waits, review_deadline, asks, barred, state)
    on conflict (tenant, action_id) do update set
      version = excluded.version, status = excluded.status, action_name = excluded.action_name, requester = excluded.requester,
      waits = excluded.waits, review_deadline = excluded.review_deadline, asks = excluded.asks, barred = excluded.barred, state = excluded.state
    where a.version < excluded.version`.execute(database);
}
