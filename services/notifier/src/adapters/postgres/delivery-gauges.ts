import { ATTRIBUTES, observe } from "@countersign/telemetry";
import { sql, type Kysely } from "kysely";

const FRESH_MS = 5000;

const GAUGES = {
  "countersign.deliveries": { description: "Deliveries that wait or were given up, by channel" },
  "countersign.deliveries.oldest.age": { description: "Age of the oldest delivery that waits, by channel", unit: "s" },
  "countersign.channel.open": {
    description: "1 while nothing is sent to a channel: it fails too often (paused), or wants nothing more (disabled)",
  },
};

type Row = {
  readonly name: string;
  readonly pending: number;
  readonly failed: number;
  readonly age: number | null;
  readonly paused: boolean;
  readonly disabled: boolean;
};

/** How channels stand, of all tenants, out of the database: every instance of `notifier` says the same. */
export function observeDeliveries<Tables>(database: Kysely<Tables>, ledger: string): () => void {
  return observe(
    GAUGES,
    async () => {
      const rows = await channels(database, ledger);
      const of = (row: Row, state?: string) => ({
        [ATTRIBUTES.channel]: row.name,
        ...(state === undefined ? {} : { [ATTRIBUTES.state]: state }),
      });
      return {
        "countersign.deliveries": rows.flatMap((row) => [
          { value: row.pending, attributes: of(row, "pending") },
          { value: row.failed, attributes: of(row, "failed") },
        ]),
        "countersign.deliveries.oldest.age": rows.map((row) => ({ value: Math.max(0, row.age ?? 0), attributes: of(row) })),
        "countersign.channel.open": rows.flatMap((row) => [
          { value: row.paused ? 1 : 0, attributes: of(row, "paused") },
          { value: row.disabled ? 1 : 0, attributes: of(row, "disabled") },
        ]),
      };
    },
    { freshMs: FRESH_MS },
  );
}

async function channels<Tables>(database: Kysely<Tables>, ledger: string): Promise<readonly Row[]> {
  const { rows } = await sql<Row>`
    select c.name, waiting.pending, waiting.age, given_up.failed, coalesce(resume_at > now(), false) as paused, disabled_at is not null as disabled
    from notifier.channel as c
    cross join lateral (
      select count(*) as pending, extract(epoch from now() - min(created_at))::float8 as age from notifier.delivery
      where ledger = c.ledger and channel = c.name and state = 'pending'
    ) as waiting
    cross join lateral (
      select count(*) as failed from notifier.delivery where ledger = c.ledger and channel = c.name and state = 'failed'
    ) as given_up
    where c.ledger = ${ledger}`.execute(database);
  return rows;
}
