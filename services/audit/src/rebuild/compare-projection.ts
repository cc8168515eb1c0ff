import type { Logger } from "@countersign/telemetry";
import { sql, type Kysely, type Transaction } from "kysely";
import type { Projection, RefusedEvent } from "../projections/projection.ts";
import { dropBuild, firstDifference, holdLive, indexBuild, openBuild, switchTo } from "./build.ts";
import { foldUpTo, type FoldParts, type Scan } from "./fold-build.ts";
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
  readonly scan: Scan;
  /** Events per transaction; default 2,500. */
  readonly batch?: number;
  readonly database: Kysely<unknown>;
  readonly checkpoints: Checkpoints;
  readonly logger: Logger;
};

/** Live and folded anew, at exactly the same position. */
export type Comparison = {
  readonly name: string;
  readonly version: number;
  readonly position: number;
  readonly live: TableDigest;
  readonly rebuilt: TableDigest;
  readonly identical: boolean;
  /** Of all states, at the last position that was folded; see `StateDigest`. */
  readonly stateDigest: Uint8Array;
  /** The first recorded position at which the build before this one had another state. */
  readonly differsAt: number | undefined;
};

/** How far a build is on its way from `from` to `total`. */
export type BuildProgress = { readonly name: string; readonly from: number; readonly done: number; readonly total: number };

/** Another instance compares or rebuilds a projection of this database now. */
export class RebuildUnderWayError extends Error {
  override readonly name = "RebuildUnderWayError";
}

/** This build cannot fold an event that the live projection took in: the switch would lose it. */
export class CannotFoldError extends Error {
  override readonly name = "CannotFoldError";
}

/**
 * Builds a new version of a projection beside the live one and compares both at exactly the same position: the live table is read in one snapshot
 * together with its checkpoint, so nothing is held up. With `replace` the new version then takes the live one's place, whatever the comparison says:
 * the log is the truth. For that the live checkpoint is held still, while the new table takes in the little that arrived since; the consumer goes on
 * where it stood, in the new table. A build that a crash left behind is gone on with.
 */
export async function compareProjection(
  parts: RebuildParts,
  projection: Projection,
  options: { readonly replace: boolean; readonly onProgress?: (progress: BuildProgress) => void },
): Promise<Comparison> {
  return parts.database.connection().execute(async (session) => {
    if (!(await tryLock(session))) throw new RebuildUnderWayError("another rebuild or check is under way");
    // A broken session has lost the lock by itself; its failure to tidy must not hide the reason.
    const report = (err: unknown): void => parts.logger.warn({ err }, "a rebuild could not tidy up");
    try {
      return await buildAndCompare({ ...parts, session }, projection, options);
    } catch (error) {
      // What cannot be folded now cannot be later: nothing to go on with.
      if (error instanceof CannotFoldError) await dropBuild(session, projection).catch(report);
      throw error;
    } finally {
      if (!options.replace) await dropBuild(session, projection).catch(report);
      await unlock(session).catch(report);
    }
  });
}

async function buildAndCompare(
  parts: RebuildParts & { readonly session: Kysely<unknown> },
  projection: Projection,
  { replace, onProgress = () => {} }: { readonly replace: boolean; readonly onProgress?: (progress: BuildProgress) => void },
): Promise<Comparison> {
  const { session, checkpoints, logger, scan } = parts;
  const { name } = projection;
  const build = await openBuild(session, projection, replace);
  let total = await checkpoints.read(session, name);
  const from = build.position;
  const fold: FoldParts = {
    scan,
    batch: parts.batch ?? BATCH,
    projection,
    build,
    refused: [],
    onProgress: (done) => onProgress({ name, from, done, total }),
  };
  if (from > total)
    throw new CannotFoldError(`${name} stands at ${total}, before an unfinished build at ${from}: was the database put together?`);
  const catchUp = async (): Promise<void> => {
    total = await checkpoints.read(session, name);
    await foldUpTo(fold, session, total);
  };

  await catchUp();
  await indexBuild(session, projection, build);
  const live = await digestLive(parts, projection);
  await foldUpTo(fold, session, live.position);
  const rebuilt = await digestTable(session, projection, build.table);
  const identical = live.rows === rebuilt.rows && Buffer.compare(live.digest, rebuilt.digest) === 0;
  logger.info({ projection: name, position: live.position, identical }, "compared a projection with the log");

  if (replace) {
    await catchUp();
    await session.transaction().execute(async (transaction) => {
      const position = await checkpoints.lock(transaction, name);
      // Replayed dead letters do not move the checkpoint: nothing may write to the table that is about to go.
      await holdLive(transaction, projection);
      await foldUpTo(fold, session, position, transaction);
      await refuseLoss(checkpoints, transaction, projection, fold.refused);
      await switchTo(transaction, projection, build);
    });
    logger.info({ projection: name, version: build.version }, "switched to a new version of a projection");
  }
  const differsAt = await firstDifference(session, projection, build.version);
  return { name, version: build.version, position: live.position, live, rebuilt, identical, stateDigest: build.digest.bytes(), differsAt };
}

/** An action's few events mostly fall into one batch of this many, and then cost one row. */
const BATCH = 2500;

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
      return { position, ...(await digestTable(snapshot, projection, projection.view)) };
    });
}

async function refuseLoss(
  checkpoints: Checkpoints,
  transaction: Transaction<unknown>,
  projection: Projection,
  refused: readonly RefusedEvent[],
): Promise<void> {
  const lost = await checkpoints.unparked(
    transaction,
    projection.name,
    refused.map(({ event }) => event.position),
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
