import { sql, type Kysely } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import { openDatabase } from "./database.ts";
import { ensureRoles } from "./roles.ts";

/** One step of a schema, and the SQL that it is: what a release made of a database must stay known word by word. */
export type SqlMigration = Migration & { readonly text: string };

/** The tables of one package: all in one Postgres schema, which also holds the record of what has run. */
export type MigrationSet = {
  readonly schema: string;
  /** In the order of their names: `0001_events`, `0002_...`. A released one never changes. Each grants what its service's role needs (`countersign_approval`, ...). */
  readonly migrations: Readonly<Record<string, SqlMigration>>;
};

/** The database was migrated by a newer build. Nothing was changed; run that build, or restore an older backup. */
export class NewerSchemaError extends Error {
  override readonly name = "NewerSchemaError";
  readonly schema: string;
  readonly unknown: readonly string[];

  constructor(schema: string, unknown: readonly string[]) {
    super(`database schema "${schema}" was made by a newer version: this one does not know ${unknown.join(", ")}`);
    this.schema = schema;
    this.unknown = unknown;
  }
}

/** A migration written in SQL; several statements are fine. */
export function sqlMigration(text: string): SqlMigration {
  return {
    text,
    up: async (database) => {
      await sql.raw(text).execute(database);
    },
  };
}

/**
 * Brings the database up to date, as the login of the url: the owner of all tables. Safe to call from several processes at once, and when
 * there is nothing to do.
 * @throws NewerSchemaError before anything is touched.
 */
export async function migrate(url: string, sets: readonly MigrationSet[]): Promise<void> {
  const owner = openDatabase({ url, role: null, maxConnections: 1, name: "countersign-migrate", settings: { statement_timeout: "0" } });
  try {
    const database = owner.kysely<unknown>();
    for (const set of sets) await refuseNewer(database, set);
    await ensureRoles(database);
    for (const set of sets) await migrateSet(database, set);
  } finally {
    await owner.close();
  }
}

async function refuseNewer(database: Kysely<unknown>, set: MigrationSet): Promise<void> {
  const table = `${set.schema}.${MIGRATION_TABLE}`;
  const {
    rows: [found],
  } = await sql<{ exists: boolean }>`select to_regclass(${table}) is not null as exists`.execute(database);
  if (found?.exists !== true) return;
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(table)} order by name`.execute(database);
  const unknown = rows.map((row) => row.name).filter((name) => !Object.hasOwn(set.migrations, name));
  if (unknown.length > 0) throw new NewerSchemaError(set.schema, unknown);
}

async function migrateSet(database: Kysely<unknown>, set: MigrationSet): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => set.migrations },
    migrationTableSchema: set.schema,
    migrationTableName: MIGRATION_TABLE,
    migrationLockTableName: "migration_lock",
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw new Error(`migration of database schema "${set.schema}" failed`, { cause: error });
}

const MIGRATION_TABLE = "migration";
