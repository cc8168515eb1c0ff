import { escapeLiteral, type Pool } from "pg";
import { to as copyTo } from "pg-copy-streams";
import { CopyFields, type CopyField } from "./copy-fields.ts";

/**
 * Rows of a query as Postgres can send them fastest: `COPY (query) TO STDOUT (FORMAT binary)`. Batches come at the pace at which they are taken, and
 * memory holds a few of them. The statement may take as long as its reader does, in a read-only transaction of its own: hold it for long only where
 * a snapshot must be held for long.
 * @param query - Without parameters, as COPY takes none: only numbers and quoted literals belong into it.
 * @param settings - Of the session while it runs, such as the planner's; from code alone.
 */
export async function* copyOut(
  pool: Pool,
  query: string,
  settings: Readonly<Record<string, string>> = {},
): AsyncGenerator<readonly (readonly CopyField[])[], void, undefined> {
  const session = await pool.connect();
  let finished = false;
  try {
    const local = Object.entries({ statement_timeout: "0", ...settings }).map(([name, value]) => `set local ${name} = ${value}`);
    await session.query(["begin read only", ...local].join("; "));
    const stream = session.query(copyTo(`copy (${query}) to stdout (format binary)`));
    const fields = new CopyFields();
    for await (const chunk of stream) {
      const rows = fields.take(chunk as Buffer);
      if (rows.length > 0) yield rows;
    }
    fields.end();
    await session.query("commit");
    finished = true;
  } finally {
    // Who stops in the middle leaves a session that still sends: close it.
    session.release(!finished);
  }
}

/** A text literal for a query without parameters, whatever the text holds. */
export function quoted(text: string): string {
  return escapeLiteral(text);
}
