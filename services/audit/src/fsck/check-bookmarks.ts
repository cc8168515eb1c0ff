import { sql, type Kysely } from "kysely";
import type { Check } from "../ledger/flaws.ts";

const PAGE = 500;

type Bookmark = {
  readonly tenant: string;
  readonly caller: string;
  readonly key: string;
  readonly reply: string | null;
  readonly position: number | null;
  readonly entry: Buffer | null;
};

/**
 * What is kept for callers' retries (`<action id> <version>`) leads to a version that the action has, and that the same caller made. Every answer to a
 * retry is told from there.
 */
export async function* checkBookmarks(
  database: Kysely<unknown>,
  ledger: string,
  actorOf: (entry: Uint8Array) => { readonly issuer: string; readonly id: string } | undefined,
): Check {
  let last: Bookmark | undefined;
  for (let done = 0; ;) {
    const rows = await readPage(database, ledger, last);
    for (const bookmark of rows) {
      const detail = problemOf(bookmark, actorOf);
      if (detail !== undefined) yield { flaw: { position: bookmark.position ?? 0, kind: "BOOKMARK", detail } };
    }
    done += rows.length;
    last = rows.at(-1);
    yield { progress: { step: "bookmarks", done } };
    if (rows.length < PAGE) return;
  }
}

async function readPage(database: Kysely<unknown>, ledger: string, last: Bookmark | undefined): Promise<readonly Bookmark[]> {
  const after = last === undefined ? sql`` : sql`and (tenant, caller, key) > (${last.tenant}, ${last.caller}, ${last.key})`;
  // Bytes that are no bookmark must not end the check: only what looks like one is taken apart.
  const { rows } = await sql<Bookmark>`
    select i.tenant, i.caller, i.key, i.reply, e.position, e.entry from (
      select tenant, caller, key, case when encode(reply, 'escape') ~ '^[0-9a-f-]{36} [0-9]{1,15}$' then encode(reply, 'escape') end as reply
      from event_log.idempotency where ledger = ${ledger} ${after} order by tenant, caller, key limit ${PAGE}
    ) i left join event_log.event e on e.ledger = ${ledger} and e.tenant = i.tenant and e.stream_type = 'action'
      and e.stream_id = split_part(i.reply, ' ', 1) and e.stream_version = nullif(split_part(i.reply, ' ', 2), '')::bigint
    order by i.tenant, i.caller, i.key`.execute(database);
  return rows;
}

function problemOf(
  bookmark: Bookmark,
  actorOf: (entry: Uint8Array) => { readonly issuer: string; readonly id: string } | undefined,
): string | undefined {
  if (bookmark.reply === null) return "what is kept for a retry cannot be read";
  if (bookmark.entry === null) return "what is kept for a retry leads to a version that the action does not have";
  const actor = actorOf(bookmark.entry);
  return actor !== undefined && bookmark.caller.endsWith(`,${JSON.stringify(actor.issuer)},${JSON.stringify(actor.id)}]`)
    ? undefined
    : "what is kept for a retry leads to what somebody else did";
}
