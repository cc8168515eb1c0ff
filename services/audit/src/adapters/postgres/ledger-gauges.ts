import type { LedgerCopy } from "@countersign/bus";
import type { Database } from "@countersign/database";
import { ATTRIBUTES, observe, type Reading } from "@countersign/telemetry";
import { sql } from "kysely";

/** However many scrape, the database is looked at no more often. */
const FRESH_MS = 5000;

const GAUGES = {
  "countersign.ledger.events": { description: "Events in the ledger" },
  "countersign.consumer.lag.events": { description: "Events that a consumer has not handled" },
  "countersign.consumer.lag": { description: "Age of the oldest event that a consumer has not handled", unit: "s" },
  "countersign.relay.lag.events": { description: "Events that JetStream does not have" },
  "countersign.relay.lag": { description: "Age of the oldest event that JetStream does not have", unit: "s" },
  "countersign.dead_letters": { description: "Events that a consumer could not handle, or that wait behind one" },
  "countersign.reviews.pending": { description: "Actions that wait for people" },
  "countersign.reviews.oldest.age": { description: "Age of the oldest action that waits for people", unit: "s" },
  "countersign.seal.unsealed": { description: "Events that no checkpoint covers" },
  "countersign.seal.checkpoint.age": { description: "Age of the newest checkpoint", unit: "s" },
  "countersign.seal.unsealed.age": { description: "Age of the oldest event that no checkpoint covers", unit: "s" },
  "countersign.witness.lag.events": { description: "Events that no witnessed checkpoint covers" },
  "countersign.witness.lag": { description: "Age of the oldest event that no witnessed checkpoint covers", unit: "s" },
};

export type LedgerGaugesOptions = {
  readonly database: Database;
  readonly ledger: string;
  readonly copy?: LedgerCopy | undefined;
  /** Whether events are sealed, and by how many witnesses. */
  readonly sealing: { readonly witnessed: boolean } | undefined;
};

/**
 * How far everything that follows the log is behind it, out of the database: it tells of a consumer, a relay or a sealer that has died as well as of one that is slow. Every instance
 * of `audit` says the same.
 */
export function observeLedger(options: LedgerGaugesOptions): () => void {
  return observe(GAUGES, () => lookAtLedger(options), { freshMs: FRESH_MS });
}

type Row = {
  readonly head: number;
  readonly consumers: readonly { readonly consumer: string; readonly behind: number; readonly seconds: number | null }[] | null;
  readonly letters: readonly { readonly consumer: string; readonly letters: number }[] | null;
  readonly pending: number;
  readonly oldest: string | null;
  readonly checkpoint_age: number | null;
  readonly sealed: number | null;
  readonly witnessed: number | null;
};

/** What the gauges show now. */
export async function lookAtLedger({ database, ledger, copy, sealing }: LedgerGaugesOptions) {
  const kysely = database.kysely<unknown>();
  const age = (position: ReturnType<typeof sql>) => sql`
    (select extract(epoch from clock_timestamp() - time)::float8 from event_log.event where ledger = ${ledger} and position = ${position})`;
  const newest = (which: ReturnType<typeof sql>) => sql`
    (select size from audit.tree_checkpoint where ledger = ${ledger} and ${which} order by epoch desc, size desc limit 1)`;
  // Before the head: what is behind by nothing must not look ahead.
  const stored = await storedIn(copy);
  const { rows } = await sql<Row>`
    select
      coalesce((select next_position from event_log.ledger_head where ledger = ${ledger}), 0) as head,
      (select json_agg(json_build_object('consumer', consumer, 'behind', greatest(head.next_position - c.next_position, 0), 'seconds', ${age(sql`c.next_position`)}))
        from bus.checkpoint c join event_log.ledger_head head using (ledger) where ledger = ${ledger}) as consumers,
      (select json_agg(json_build_object('consumer', consumer, 'letters', letters))
        from (select consumer, count(*) as letters from bus.dead_letter where ledger = ${ledger} and state <> 'discarded' group by consumer) as d) as letters,
      (select count(*) from audit.action where waits) as pending,
      (select min(action_id) from audit.action where waits) as oldest,
      (select extract(epoch from clock_timestamp() - max(seal_time))::float8 from (
        select seal_time from audit.tree_checkpoint where ledger = ${ledger} order by epoch desc, size desc limit 1) as c) as checkpoint_age,
      ${newest(sql`true`)} as sealed,
      ${newest(sql`witnessed`)} as witnessed`.execute(kysely);
  const [row] = rows;
  if (row === undefined) throw new Error("a query without rows");
  const ages = await agesAt(database, ledger, [stored ?? 0, row.sealed ?? 0, row.witnessed ?? 0]);
  return readings(row, stored, sealing, ages);
}

/** How many events JetStream has had; undefined when there is none here, or it does not say: that is no lag. */
async function storedIn(copy: LedgerCopy | undefined): Promise<number | undefined> {
  try {
    return copy && ((await copy.bounds())?.last ?? 0);
  } catch {
    return undefined;
  }
}

/** How old the events at these positions are; 0 where there is none yet: nothing waits. */
async function agesAt(database: Database, ledger: string, positions: readonly number[]): Promise<readonly number[]> {
  const { rows } = await sql<{ position: number; age: number }>`
    select position, extract(epoch from clock_timestamp() - time)::float8 as age from event_log.event
    where ledger = ${ledger} and position = any(${[...positions]}::bigint[])`.execute(database.kysely<unknown>());
  const byPosition = new Map(rows.map(({ position, age }) => [position, age]));
  return positions.map((position) => Math.max(0, byPosition.get(position) ?? 0));
}

function readings(row: Row, stored: number | undefined, sealing: LedgerGaugesOptions["sealing"], ages: readonly number[]) {
  const [relayAge = 0, sealAge = 0, witnessAge = 0] = ages;
  const consumers = row.consumers ?? [];
  const of = (consumer: string) => ({ [ATTRIBUTES.consumer]: consumer });
  const letters = new Map((row.letters ?? []).map((each) => [each.consumer, each.letters]));
  const when = <Value>(known: Value | undefined, value: (known: Value) => number): Reading[] =>
    known === undefined ? [] : [{ value: value(known) }];
  const witnessed = sealing?.witnessed === true ? row : undefined;
  return {
    "countersign.ledger.events": [{ value: row.head }],
    "countersign.consumer.lag.events": consumers.map(({ consumer, behind }) => ({ value: behind, attributes: of(consumer) })),
    "countersign.consumer.lag": consumers.map(({ consumer, seconds }) => ({ value: Math.max(0, seconds ?? 0), attributes: of(consumer) })),
    "countersign.relay.lag.events": when(stored, (last) => Math.max(0, row.head - last)),
    "countersign.relay.lag": when(stored, () => relayAge),
    "countersign.dead_letters": consumers.map(({ consumer }) => ({ value: letters.get(consumer) ?? 0, attributes: of(consumer) })),
    "countersign.reviews.pending": [{ value: row.pending }],
    "countersign.reviews.oldest.age": [{ value: row.oldest === null ? 0 : secondsSince(row.oldest) }],
    "countersign.seal.unsealed": when(sealing, () => Math.max(0, row.head - (row.sealed ?? 0))),
    "countersign.seal.unsealed.age": when(sealing, () => sealAge),
    "countersign.seal.checkpoint.age": when(row.checkpoint_age ?? undefined, (age) => Math.max(0, age)),
    "countersign.witness.lag.events": when(witnessed, ({ head, witnessed: size }) => Math.max(0, head - (size ?? 0))),
    "countersign.witness.lag": when(witnessed, () => witnessAge),
  };
}

/** The id of an action is a UUID of version 7: the first one in order is the oldest, and its first 48 bits say when. */
function secondsSince(actionId: string): number {
  return Math.max(0, (Date.now() - Number.parseInt(actionId.replaceAll("-", "").slice(0, 12), 16)) / 1000);
}
