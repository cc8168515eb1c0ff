import { createHash } from "node:crypto";
import { sql, type Kysely } from "kysely";
import type { Check } from "../ledger/flaws.ts";

const PAGE = 200;

type StoredContent = {
  readonly tenant: string;
  readonly stream_type: string;
  readonly stream_id: string;
  readonly digest: Buffer;
  readonly salt: Buffer;
  readonly body: Buffer;
};

/** Every content that is kept is what its event names: SHA-256(salt || body). One that is not there was erased, which is no flaw. */
export async function* checkContents(database: Kysely<unknown>, ledger: string): Check {
  let last: StoredContent | undefined;
  for (let done = 0; ;) {
    const after =
      last === undefined
        ? sql``
        : sql`and (tenant, stream_type, stream_id, digest) > (${last.tenant}, ${last.stream_type}, ${last.stream_id}, ${last.digest})`;
    const { rows } = await sql<StoredContent>`
      select tenant, stream_type, stream_id, digest, salt, body from event_log.content where ledger = ${ledger} ${after}
      order by tenant, stream_type, stream_id, digest limit ${PAGE}`.execute(database);
    for (const content of rows) {
      const actual = createHash("sha256").update(content.salt).update(content.body).digest();
      if (!actual.equals(content.digest))
        yield {
          flaw: {
            position: await positionOf(database, ledger, content),
            kind: "CONTENT",
            detail: "a content is not the one that its event names",
          },
        };
    }
    done += rows.length;
    last = rows.at(-1);
    yield { progress: { step: "contents", done } };
    if (rows.length < PAGE) return;
  }
}

/** The event that names it; if none does any more, the first of its stream. */
async function positionOf(
  database: Kysely<unknown>,
  ledger: string,
  { tenant, stream_type, stream_id, digest }: StoredContent,
): Promise<number> {
  const { rows } = await sql<{ position: number }>`
    select position from event_log.event
    where ledger = ${ledger} and tenant = ${tenant} and stream_type = ${stream_type} and stream_id = ${stream_id}
    order by position(${digest}::bytea in entry) = 0, stream_version limit 1`.execute(database);
  return rows[0]?.position ?? 0;
}
