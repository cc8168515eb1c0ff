import { setTimeout as sleep } from "node:timers/promises";
import { connectNats, jetStreamCopy } from "@countersign/bus";
import { openDatabase, type Database } from "@countersign/database";
import type { System } from "../system.ts";

/** What follows the log, and the seconds after which it had all of it. */
export type CatchUp = Readonly<Record<string, number>>;

const LEDGER = "main";
const LOOK_MS = 500;
/** Nothing moved for so long: something is broken, and waiting would never end. */
const STUCK_MS = 120_000;

/**
 * Waits until every projection, the sealed tree and the copy in JetStream stand where the log ends, as they find there by themselves. Then does what autovacuum would do sooner or later, and
 * a checkpoint, so that neither comes in the middle of what is measured.
 * @throws Error when nothing moves any more, and when a consumer could not handle something
 */
export async function caughtUp(system: System): Promise<CatchUp> {
  const database = openDatabase({ url: system.databaseUrl, role: null, maxConnections: 1, settings: { statement_timeout: "0" } });
  const connection = await connectNats({ url: system.natsUrl, name: "bench" });
  try {
    const copy = jetStreamCopy(connection, { prefix: "cs", ledger: LEDGER });
    const seconds = await follow(async () => ({ ...(await inPostgres(database)), JetStream: (await copy.bounds())?.last ?? 0 }));
    const { rowCount } = await database.pool.query("select from bus.dead_letter limit 1");
    if (rowCount !== 0) throw new Error("a consumer has dead letters: what was filled is not as it would be");
    await database.pool.query("vacuum analyze");
    await database.pool.query("checkpoint");
    return seconds;
  } finally {
    await connection.close();
    await database.close();
  }
}

type Ends = Readonly<Record<string, number>>;

async function follow(look: () => Promise<Ends>): Promise<CatchUp> {
  const start = performance.now();
  const seconds: Record<string, number> = {};
  for (let before = "", moved = start; ;) {
    const { log = 0, ...ends } = await look();
    const now = performance.now();
    for (const [name, end] of Object.entries(ends)) if (end >= log) seconds[name] ??= (now - start) / 1000;
    const behind = Object.entries(ends).filter(([, end]) => end < log);
    if (behind.length === 0) return seconds;
    const text = behind.map(([name, end]) => `${name} at ${end}`).join(", ");
    if (text !== before) moved = now;
    if (now - moved > STUCK_MS) throw new Error(`nothing has moved for ${STUCK_MS / 1000} s, with ${log} events in the log: ${text}`);
    before = text;
    await sleep(LOOK_MS);
  }
}

async function inPostgres(database: Database): Promise<Ends> {
  const { rows } = await database.pool.query<{ name: string; at: string }>(
    `select 'log' as name, next_position::text as at from event_log.ledger_head where ledger = $1
     union all select consumer, next_position::text from bus.checkpoint where ledger = $1
     union all select 'tree', coalesce(max(size), 0)::text from audit.tree_checkpoint where ledger = $1`,
    [LEDGER],
  );
  return Object.fromEntries(rows.map(({ name, at }) => [name, Number(at)]));
}
