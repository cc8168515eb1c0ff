import type { LedgerCopy } from "@countersign/bus";
import type { Database } from "@countersign/database";
import type { GrantKey } from "@countersign/evidence";
import { decodeEntry, EventLogError, type AppendKeys } from "@countersign/event-log";
import { sql, type Kysely } from "kysely";
import { setTimeout as sleep } from "node:timers/promises";
import { checkLedger, type LedgerRows } from "../ledger/check-ledger.ts";
import type { Check } from "../ledger/flaws.ts";
import type { Projection } from "../projections/projection.ts";
import { RebuildUnderWayError, type Comparison, type RebuildParts } from "../rebuild/compare-projection.ts";
import { comparing } from "../rebuild/comparing.ts";
import { checkBookmarks } from "./check-bookmarks.ts";
import { checkConsumers } from "./check-consumers.ts";
import { checkContents } from "./check-contents.ts";
import { checkCopy } from "./check-copy.ts";
import { checkErasures } from "./check-erasures.ts";
import { checkVotes } from "./check-votes.ts";

export type FsckParts = RebuildParts & {
  readonly ledger: string;
  readonly appendKeys: AppendKeys;
  /** The same database, for readings of whole tables. */
  readonly pool: Database;
  readonly rows: LedgerRows;
  readonly projections: readonly Projection[];
  /** The public keys that votes are and were signed with. */
  readonly voteKeys: () => Promise<readonly GrantKey[]>;
  /** How long a projection may take to come to the end of the log; default 20 s. */
  readonly lagMs?: number;
  /** Absent: this process has no JetStream. */
  readonly copy?: LedgerCopy;
  /** Compares all that was sealed with the log, and returns what it could not. Absent: nothing is sealed here. */
  readonly checkSealed?: () => Check<readonly string[]>;
};

export type FsckResult = {
  readonly events: number;
  readonly rootHash: Uint8Array;
  readonly compared: readonly Comparison[];
  /** What could not be checked, and why. */
  readonly unchecked: readonly string[];
};

/** Checks everything that is kept against everything else, one thing after another, and goes on after whatever it finds. */
export async function* fsck(parts: FsckParts): Check<FsckResult> {
  const { database, ledger, pool, rows } = parts;
  const unchecked: string[] = [];
  const checked = yield* checkLedger(rows);
  yield* checkConsumers(database, ledger, rows);
  yield* checkContents(database, ledger);
  yield* checkErasures(database, ledger);
  yield* checkBookmarks(pool, ledger, parts.appendKeys, actorOf);
  yield* orUnchecked(unchecked, "signatures of votes", checkVotes(pool, ledger, parts.voteKeys));
  if (parts.checkSealed === undefined) unchecked.push("what was sealed: nothing is sealed by this process");
  else unchecked.push(...(yield* checkSeals(parts.checkSealed)));
  if (parts.copy === undefined) unchecked.push("the copy in JetStream: this process has none");
  else yield* orUnchecked(unchecked, "the copy in JetStream", checkCopy(parts.copy, rows, entriesOf(database, ledger)));
  const compared: Comparison[] = [];
  for (const projection of parts.projections) {
    const comparison = yield* checkProjection(parts, projection, checked.events, unchecked);
    if (comparison !== undefined) compared.push(comparison);
  }
  return { ...checked, compared, unchecked };
}

async function* checkSeals(check: NonNullable<FsckParts["checkSealed"]>): Check<readonly string[]> {
  try {
    return yield* check();
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    yield {
      flaw: {
        position: 0,
        kind: "CHECKPOINT",
        detail: "the log has flaws where it says which epoch this is: what was sealed cannot be compared",
      },
    };
    return [];
  }
}

async function* checkProjection(
  parts: FsckParts,
  projection: Projection,
  events: number,
  unchecked: string[],
): Check<Comparison | undefined> {
  try {
    await caughtUp(parts, projection, events);
    const comparison = yield* comparing(parts, projection, { replace: false });
    const { name, position, live, rebuilt } = comparison;
    const detail = `${name} has ${live.rows} rows, the log folds to ${rebuilt.rows}, and they are not the same`;
    if (!comparison.identical) yield { flaw: { position, kind: "PROJECTION", detail } };
    if (position < events) unchecked.push(`${name}: it has taken in ${position} of ${events} events`);
    return comparison;
  } catch (error) {
    if (error instanceof RebuildUnderWayError) unchecked.push(`${projection.name}: ${error.message}`);
    // The log's readers refuse what is corrupt: the flaws found above say where.
    else if (isCorrupt(error))
      yield { flaw: { position: 0, kind: "PROJECTION", detail: `${projection.name} cannot be folded from a log with these flaws` } };
    else throw error;
    return undefined;
  }
}

const isCorrupt = (error: unknown): boolean => error instanceof EventLogError && error.code === "corrupt";

/** One that lags is what it was: set back together with its checkpoint, it would fit, and show people another state than the log. */
async function caughtUp({ checkpoints, database, lagMs = LAG_MS }: FsckParts, { name }: Projection, events: number): Promise<void> {
  for (let waited = 0; waited < lagMs && (await checkpoints.read(database, name)) < events; waited += LOOK_MS) await sleep(LOOK_MS);
}

const [LAG_MS, LOOK_MS] = [20_000, 100];

/** Who is asked beside the database may be away: that is told, and is not the end of the check. */
async function* orUnchecked(unchecked: string[], what: string, check: Check): Check {
  try {
    yield* check;
  } catch (error) {
    unchecked.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function actorOf(entry: Uint8Array): { readonly issuer: string; readonly id: string } | undefined {
  try {
    return decodeEntry(entry).actor;
  } catch {
    return undefined;
  }
}

function entriesOf(database: Kysely<unknown>, ledger: string) {
  return async (from: number, below: number): Promise<ReadonlyMap<number, Buffer>> => {
    const { rows } = await sql<{ position: number; entry: Buffer }>`
      select position, entry from event_log.event where ledger = ${ledger} and position >= ${from} and position < ${below} order by position`.execute(
      database,
    );
    return new Map(rows.map((row) => [row.position, row.entry]));
  };
}
