import { sql, type Kysely } from "kysely";
import type { Check } from "../ledger/flaws.ts";

type WrongContent = { readonly tenant: string; readonly stream_type: string; readonly stream_id: string; readonly digest: Buffer };

/**
 * Every content that is kept is what its event names: SHA-256(salt || body), with a salt of 32 bytes: what moves from one to the other leaves the hash as it is. For those that are not there see `checkErasures`. Postgres hashes: what is
 * right need not travel, and whoever could make it lie could also make it show something else here.
 */
export async function* checkContents(database: Kysely<unknown>, ledger: string): Check {
  for (let last: WrongContent | undefined; ;) {
    const page = await wrongContents(database, ledger, last);
    for (const content of page) {
      const position = await positionOf(database, ledger, content);
      yield { flaw: { position, kind: "CONTENT", detail: "a content is not the one that its event names" } };
    }
    last = page.at(-1);
    if (page.length < PAGE) return;
  }
}

const PAGE = 1000;

async function wrongContents(database: Kysely<unknown>, ledger: string, last: WrongContent | undefined): Promise<readonly WrongContent[]> {
  const after =
    last === undefined
      ? sql``
      : sql`and (tenant, stream_type, stream_id, digest) > (${last.tenant}, ${last.stream_type}, ${last.stream_id}, ${last.digest})`;
  return database.transaction().execute(async (transaction) => {
    await sql`set local statement_timeout = 0`.execute(transaction);
    const { rows } = await sql<WrongContent>`
      select tenant, stream_type, stream_id, digest from event_log.content
      where ledger = ${ledger} ${after} and (octet_length(salt) <> 32 or pg_catalog.sha256(salt || body) <> digest)
      order by tenant, stream_type, stream_id, digest limit ${PAGE}`.execute(transaction);
    return rows;
  });
}

/** The event that names it; if none does any more, the first of its stream. */
async function positionOf(
  database: Kysely<unknown>,
  ledger: string,
  { tenant, stream_type, stream_id, digest }: WrongContent,
): Promise<number> {
  const { rows } = await sql<{ position: number }>`
    select position from event_log.event
    where ledger = ${ledger} and tenant = ${tenant} and stream_type = ${stream_type} and stream_id = ${stream_id}
    order by position(${digest}::bytea in entry) = 0, stream_version limit 1`.execute(database);
  return rows[0]?.position ?? 0;
}
