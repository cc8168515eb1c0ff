import type { EventReader } from "@countersign/event-log";
import type { Logger } from "@countersign/telemetry";
import { sql, type Kysely, type Transaction } from "kysely";
import type { Projection } from "../projections/projection.ts";
import { foldUpTo, startFold, type FoldBeside } from "./fold-beside.ts";
import { createShadow, dropShadow, switchToShadow } from "./shadow-table.ts";
import { digestTable, type TableDigest } from "./table-digest.ts";

/** How far consumers are. */
export type Checkpoints = {
  read(database: Kysely<unknown>, consumer: string): Promise<number>;
  /** The same, and it stays so until the transaction ends. */
  lock(transaction: Transaction<unknown>, consumer: string): Promise<number>;
  /** Of these positions, the ones that are no dead letters of the consumer. */
  unparked(transaction: Transaction<unknown>, consumer: string, positions: readonly number[]): Promise<readonly number[]>;
};

export type RebuildParts = {
  readonly log: EventReader;
  readonly database: Kysely<unknown>;
  readonly checkpoints: Checkpoints;
  readonly logger: Logger;
};

/** Live and folded anew, at exactly the same position. */
export type Comparison = {
  readonly name: string;
  readonly position: number;
  readonly live: TableDigest;
  readonly rebuilt: TableDigest;
  readonly identical: boolean;
};

/** Another instance compares or rebuilds a projection of this database now. */
export class RebuildUnderWayError extends Error {
  override readonly name = "RebuildUnderWayError";
}

/** This build cannot fold an event that the live projection took in: the switch would lose it. */
export class CannotFoldError extends Error {
  override readonly name = "CannotFoldError";
}

/**
 * Folds the log into a second table beside the live one and compares both at exactly the same position: the live table is read in one snapshot
 * together with its checkpoint, so nothing is held up. With `replace` the new table then takes the live one's place, whatever the comparison says:
 * the log is the truth. For that the live checkpoint is held still, while the new table takes in the little that arrived since.
 */
export async function compareProjection(
  parts: RebuildParts,
  projection: Projection,
  options: { readonly replace: boolean },
): Promise<Comparison> {
  return parts.database.connection().execute(async (session) => {
    if (!(await tryLock(session))) throw new RebuildUnderWayError("another rebuild or verification is under way");
    try {
      return await foldAndCompare({ ...parts, session }, projection, options.replace);
    } finally {
      // A broken session has lost table and lock by itself; its failure to tidy must not hide the reason.
      const report = (err: unknown): void => parts.logger.warn({ err }, "a rebuild could not tidy up");
      await dropShadow(session, projection).catch(report);
      await unlock(session).catch(report);
    }
  });
}

async function foldAndCompare(
  parts: RebuildParts & { readonly session: Kysely<unknown> },
  projection: Projection,
  replace: boolean,
): Promise<Comparison> {
  const { session, checkpoints, logger } = parts;
  const { name } = projection;
  const table = await createShadow(session, projection);
  const fold = startFold();
  const into = { log: parts.log, projection, table };
  const onPage = (position: number): void => logger.info({ projection: name, position }, "folding a projection anew");
  const catchUp = async (): Promise<void> => foldUpTo(fold, await checkpoints.read(session, name), { ...into, database: session, onPage });

  await catchUp();
  const live = await digestLive(parts, projection);
  await foldUpTo(fold, live.position, { ...into, database: session });
  const rebuilt = await digestTable(session, projection, table);
  const identical = live.rows === rebuilt.rows && Buffer.compare(live.digest, rebuilt.digest) === 0;
  logger.info({ projection: name, position: live.position, identical }, "compared a projection with the log");

  if (replace) {
    await catchUp();
    await session.transaction().execute(async (transaction) => {
      const position = await checkpoints.lock(transaction, name);
      // Replayed dead letters do not move the checkpoint: nothing may write to the table that is about to go.
      await sql`lock table ${sql.table(`audit.${projection.table}`)} in share row exclusive mode`.execute(transaction);
      await foldUpTo(fold, position, { ...into, database: transaction });
      await refuseLoss(checkpoints, transaction, projection, fold);
      await switchToShadow(transaction, projection);
      logger.info({ projection: name, position }, "switched to the projection as folded anew");
    });
  }
  return { name, position: live.position, live, rebuilt, identical };
}

/** The live table and how far it is, in one snapshot: the consumer writes both in one transaction. */
async function digestLive(
  { database, checkpoints }: RebuildParts,
  projection: Projection,
): Promise<TableDigest & { readonly position: number }> {
  return database
    .transaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute(async (snapshot) => {
      const position = await checkpoints.read(snapshot, projection.name);
      return { position, ...(await digestTable(snapshot, projection, projection.table)) };
    });
}

async function refuseLoss(
  checkpoints: Checkpoints,
  transaction: Transaction<unknown>,
  projection: Projection,
  fold: FoldBeside,
): Promise<void> {
  const lost = await checkpoints.unparked(
    transaction,
    projection.name,
    fold.refused.map(({ event }) => event.position),
  );
  if (lost.length > 0)
    throw new CannotFoldError(`${projection.name} cannot take in the event at position ${lost[0]}: was it written by a newer version?`);
}

const LOCK = "audit: one rebuild at a time";

async function tryLock(session: Kysely<unknown>): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`select pg_try_advisory_lock(hashtextextended(${LOCK}, 0)) as locked`.execute(session);
  return rows[0]?.locked === true;
}

async function unlock(session: Kysely<unknown>): Promise<void> {
  await sql`select pg_advisory_unlock(hashtextextended(${LOCK}, 0))`.execute(session);
}
