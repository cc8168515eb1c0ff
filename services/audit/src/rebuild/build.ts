import { createHash } from "node:crypto";
import { sql, type Kysely } from "kysely";
import type { Projection } from "../projections/projection.ts";
import { StateDigest } from "./state-digest.ts";

/** A version of a projection that is being filled beside the live one. */
export type Build = {
  readonly version: number;
  readonly table: string;
  /** Folded up to here, exclusive. */
  position: number;
  readonly digest: StateDigest;
};

/** State digests are recorded whenever a build passes a multiple of this. */
export const DIGEST_EVERY = 10_000;

/** Takes up the build that a crash or a stop left behind, if it can be gone on with, and begins a new one otherwise. */
export async function openBuild(database: Kysely<unknown>, projection: Projection, resume: boolean): Promise<Build> {
  const left = resume ? await resumable(database, projection) : undefined;
  if (left !== undefined) return left;
  await dropBuild(database, projection);
  return database.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ version: number }>`
      insert into audit.build (projection, version, state, shape, position, digest)
      select ${projection.name}, coalesce(max(version), 0) + 1, 'building', ${shapeOf(projection)}, 0, '' from audit.build where projection = ${projection.name}
      returning version`.execute(transaction);
    const version = Number(rows[0]?.version);
    const table = tableOf(projection, version);
    // A table without a row here can only be a leftover of a database that was put together by hand.
    await sql.raw(`drop table if exists audit.${table}`).execute(transaction);
    await sql.raw(projection.createTable(table).table).execute(transaction);
    // Whichever layout makes it, the others must be able to replace it.
    await sql`alter table ${sql.table(`audit.${table}`)} owner to countersign_audit`.execute(transaction);
    return { version, table, position: 0, digest: new StateDigest() };
  });
}

/** Records how far the build is; call it in the transaction that filled it up to there. */
export async function saveBuild(transaction: Kysely<unknown>, projection: Projection, build: Build): Promise<void> {
  const digest = build.digest.bytes();
  await sql`
    update audit.build set position = ${build.position}, digest = ${digest}
    where projection = ${projection.name} and version = ${build.version}`.execute(transaction);
  if (build.position % DIGEST_EVERY !== 0 || build.position === 0) return;
  await sql`
    insert into audit.build_digest (projection, version, position, digest) values (${projection.name}, ${build.version}, ${build.position}, ${digest})
    on conflict (projection, version, position) do update set digest = excluded.digest`.execute(transaction);
}

/** It cannot be resumed: what it left out is known in memory only. */
export async function forbidResume(transaction: Kysely<unknown>, projection: Projection, build: Build): Promise<void> {
  await sql`update audit.build set shape = 'incomplete' where projection = ${projection.name} and version = ${build.version}`.execute(
    transaction,
  );
}

/** Removes the unfinished build, if there is one. */
export async function dropBuild(database: Kysely<unknown>, projection: Projection): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ version: number }>`
      delete from audit.build where projection = ${projection.name} and state = 'building' returning version`.execute(transaction);
    for (const { version } of rows) {
      await sql.raw(`drop table if exists audit.${tableOf(projection, version)}`).execute(transaction);
      await sql`delete from audit.build_digest where projection = ${projection.name} and version = ${version}`.execute(transaction);
    }
  });
}

/** Makes the indexes that were left out while it was filled. */
export async function indexBuild(database: Kysely<unknown>, projection: Projection, build: Build): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await sql`set local statement_timeout = 0`.execute(transaction);
    for (const statement of projection.createTable(build.table).indexes) {
      await sql.raw(statement.replace(/ index /, " index if not exists ")).execute(transaction);
    }
  });
}

/** Nobody writes to the live table until the transaction ends; readers go on. */
export async function holdLive(transaction: Kysely<unknown>, projection: Projection): Promise<void> {
  await sql`lock table ${sql.table(`audit.${projection.view}`)} in share row exclusive mode`.execute(transaction);
}

/** From the end of this transaction on, the view shows the new table. The one before it goes. */
export async function switchTo(transaction: Kysely<unknown>, projection: Projection, build: Build): Promise<void> {
  const { rows } = await sql<{ version: number }>`
    update audit.build set state = 'replaced' where projection = ${projection.name} and state = 'live' returning version`.execute(
    transaction,
  );
  await sql`update audit.build set state = 'live' where projection = ${projection.name} and version = ${build.version}`.execute(
    transaction,
  );
  await sql.raw(`drop view audit.${projection.view}`).execute(transaction);
  await sql.raw(`create view audit.${projection.view} as select * from audit.${build.table}`).execute(transaction);
  await sql.raw(`alter view audit.${projection.view} owner to countersign_audit`).execute(transaction);
  for (const { version } of rows) await sql.raw(`drop table if exists audit.${tableOf(projection, version)}`).execute(transaction);
}

/** The first position at which this build and the one before it had different states, where both recorded one. */
export async function firstDifference(database: Kysely<unknown>, projection: Projection, version: number): Promise<number | undefined> {
  const { rows } = await sql<{ position: number }>`
    select a.position from audit.build_digest a
    join audit.build_digest b on b.projection = a.projection and b.position = a.position and b.version = (
      select max(version) from audit.build where projection = ${projection.name} and version < ${version})
    where a.projection = ${projection.name} and a.version = ${version} and a.digest <> b.digest order by a.position limit 1`.execute(
    database,
  );
  return rows[0]?.position;
}

async function resumable(database: Kysely<unknown>, projection: Projection): Promise<Build | undefined> {
  const { rows } = await sql<{ version: number; position: number; digest: Buffer }>`
    select version, position, digest from audit.build
    where projection = ${projection.name} and state = 'building' and shape = ${shapeOf(projection)}
      and to_regclass('audit.' || ${projection.view} || '_v' || version) is not null`.execute(database);
  const [found] = rows;
  if (found === undefined) return undefined;
  const { version, position, digest } = found;
  return { version, position, table: tableOf(projection, version), digest: new StateDigest(digest) };
}

/** Another shape, or another way to fold, must not go on where this one stopped. */
function shapeOf(projection: Projection): string {
  return createHash("sha256").update(projection.createTable("t").table).digest("hex");
}

function tableOf(projection: Projection, version: number): string {
  return `${projection.view}_v${version}`;
}
