import { createHash } from "node:crypto";
import { sql, type Kysely } from "kysely";
import type { Projection } from "../projections/projection.ts";

export type TableDigest = { readonly digest: Uint8Array; readonly rows: number };

const PAGE = 1000;

/**
 * SHA-256 over all rows in key order (compared by bytes). Each row contributes the length of its text as four bytes, big-endian, then that
 * text: the row as PostgreSQL writes a composite value, all columns, in UTF-8. The columns are text, bigint and arrays of text, whose text
 * form depends on no setting. Anybody can recompute it from `select t::text from audit.action t order by tenant, action_id`.
 */
export async function digestTable(database: Kysely<unknown>, projection: Projection, table: string): Promise<TableDigest> {
  const hash = createHash("sha256");
  const length = Buffer.alloc(4);
  const key = sql.join(projection.key.map((column) => sql.ref(`t.${column}`)));
  let rows = 0;
  let last: readonly unknown[] | undefined;
  for (;;) {
    const after = last === undefined ? sql`` : sql`where (${key}) > (${sql.join(last)})`;
    const page = await sql<{ row: string; key: readonly unknown[] }>`
      select t::text as row, array[${key}] as key from ${sql.table(`audit.${table}`)} t ${after} order by ${key} limit ${PAGE}`.execute(
      database,
    );
    for (const { row } of page.rows) {
      length.writeUInt32BE(Buffer.byteLength(row));
      hash.update(length).update(row);
    }
    rows += page.rows.length;
    last = page.rows.at(-1)?.key;
    if (page.rows.length < PAGE) return { digest: hash.digest(), rows };
  }
}
