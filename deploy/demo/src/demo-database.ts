import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";

/** The system that the agent works on: a small customer database. It knows nothing of Countersign; the agent's tools redeem a grant first. */
export type DemoDatabase = {
  setTag(customer: number, tag: string): Promise<void>;
  /** Writes the given columns of at most `limit` customers to a CSV file; returns its text. */
  exportCustomers(columns: readonly string[], limit: number): Promise<string>;
  dropTable(table: string): Promise<void>;
  /** What is there now, for the story to show that nothing moved too early. */
  tagOf(customer: number): Promise<string>;
  tableExists(table: string): Promise<boolean>;
  exportedFile(): string | undefined;
  close(): Promise<void>;
};

/** Creates the database `crm` on the given server, with 200 customers; exports go to `folder`. */
export async function createDemoDatabase(serverUrl: string, folder: string): Promise<DemoDatabase> {
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  await admin.query("create database crm");
  await admin.end();
  const url = new URL(serverUrl);
  url.pathname = "/crm";
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(
    `create table customers (id int primary key, name text, email text, region text, tag text);
     insert into customers
     select n, 'Customer ' || n, 'customer' || n || '@example.com', case when n % 2 = 0 then 'eu' else 'us' end, 'none'
     from generate_series(1, 200) n`,
  );
  const file = join(folder, "customers.csv");
  return {
    setTag: async (customer, tag) => {
      await client.query("update customers set tag = $2 where id = $1", [customer, tag]);
    },
    exportCustomers: async (columns, limit) => {
      const csv = await readCsv(client, columns, limit);
      writeFileSync(file, csv);
      return csv;
    },
    dropTable: async (table) => {
      await client.query(`drop table ${pg.escapeIdentifier(table)}`);
    },
    tagOf: async (customer) => {
      const { rows } = await client.query<{ tag: string }>("select tag from customers where id = $1", [customer]);
      return rows[0]?.tag ?? "";
    },
    tableExists: async (table) => {
      const { rows } = await client.query<{ found: boolean }>("select to_regclass($1) is not null as found", [table]);
      return rows[0]?.found ?? false;
    },
    exportedFile: () => (existsSync(file) ? readFileSync(file, "utf8") : undefined),
    close: () => client.end(),
  };
}

async function readCsv(client: pg.Client, columns: readonly string[], limit: number): Promise<string> {
  const names = columns.map((column) => pg.escapeIdentifier(column)).join(", ");
  const { rows } = await client.query<string[]>({
    text: `select ${names} from customers order by id limit $1`,
    values: [limit],
    rowMode: "array",
  });
  return [columns.join(","), ...rows.map((row) => row.join(","))].map((line) => `${line}\n`).join("");
}
