import { sql, type Kysely } from "kysely";
import type { Projection } from "../projections/projection.ts";

/** An empty table of the projection's shape beside the live one; what an aborted rebuild left behind goes first. */
export async function createShadow(database: Kysely<unknown>, projection: Projection): Promise<string> {
  const shadow = `${projection.table}_next`;
  await dropShadow(database, projection);
  for (const statement of projection.createTable(shadow)) await sql.raw(statement).execute(database);
  return shadow;
}

export async function dropShadow(database: Kysely<unknown>, projection: Projection): Promise<void> {
  await sql.raw(`drop table if exists audit.${projection.table}_next`).execute(database);
}

/** Puts the shadow in the live table's place, name by name; readers wait for the moment this takes. Call it in a transaction. */
export async function switchToShadow(database: Kysely<unknown>, projection: Projection): Promise<void> {
  const { table } = projection;
  const renames = projection.indexes.map((index) => `alter index audit.${table}_next_${index} rename to ${table}_${index}`);
  for (const statement of [`drop table audit.${table}`, `alter table audit.${table}_next rename to ${table}`, ...renames]) {
    await sql.raw(statement).execute(database);
  }
}
