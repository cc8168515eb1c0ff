import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { Readable } from "node:stream";
import pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";

/** Rows of every table, as COPY writes them: a line each. */
export type TableRows = Readonly<Record<string, readonly string[]>>;

/** All rows of all tables of these schemas, but for those of the migrations, which record themselves. */
export async function readTables(url: string, schemas: readonly string[]): Promise<TableRows> {
  return withClient(url, async (client) => {
    await client.query("begin isolation level repeatable read read only");
    const { rows } = await client.query<{ name: string }>(TABLES, [schemas]);
    const tables: Record<string, readonly string[]> = {};
    for (const { name } of rows) {
      const lines = (await text(client.query(copyTo(`copy ${name} to stdout`)))).split("\n").slice(0, -1);
      if (lines.length > 0) tables[name] = lines;
    }
    return tables;
  });
}

/** Puts the rows into tables that a migration has made, and identities behind the last one used. A superuser's: no trigger is asked that can be left out. */
export async function writeTables(url: string, tables: TableRows): Promise<void> {
  await withClient(url, async (client) => {
    await client.query("begin; set local session_replication_role = replica");
    for (const [name, lines] of Object.entries(tables)) {
      // What a migration has put there itself.
      if ((await client.query(`select from ${name} limit 1`)).rows.length > 0) await client.query(`delete from ${name}`);
      await pipeline(Readable.from(lines.map((line) => `${line}\n`)), client.query(copyFrom(`copy ${name} from stdin`)));
    }
    const { rows } = await client.query<{ table: string; column: string }>(IDENTITIES, [Object.keys(tables)]);
    for (const { table, column } of rows) {
      await client.query(`select setval(pg_get_serial_sequence($1, $2), (select max(${column}) from ${table}))`, [table, column]);
    }
    await client.query("commit");
  });
}

async function withClient<Value>(url: string, work: (client: pg.Client) => Promise<Value>): Promise<Value> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const TABLES = `
  select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any ($1) and c.relkind = 'r' and c.relname not in ('migration', 'migration_lock') order by 1`;
const IDENTITIES = `
  select format('%I.%I', table_schema, table_name) as table, column_name as column from information_schema.columns
  where is_identity = 'YES' and format('%I.%I', table_schema, table_name) = any ($1)`;
