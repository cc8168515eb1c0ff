import { copyOut, quoted, type Database } from "@countersign/database";
import { isReplyCode, type AppendKeys } from "@countersign/event-log";
import type { Check } from "../ledger/flaws.ts";

type ActorOf = (entry: Uint8Array) => { readonly issuer: string; readonly id: string } | undefined;

/**
 * What is kept for callers' retries (`<action id> <version>`) leads to a version that the action has, and that the same caller made, and was written by
 * somebody who has the append key. Every answer to a retry is told from there.
 */
export async function* checkBookmarks(database: Database, ledger: string, keys: AppendKeys, actorOf: ActorOf): Check {
  let done = 0;
  for await (const batch of copyOut(database.pool, bookmarks(ledger), ONE_BY_ONE)) {
    for (const [caller, reply, position, entry, tenant, key, code] of batch) {
      const place = { ledger, tenant: textOf(tenant), caller: textOf(caller), key: textOf(key) };
      const detail = isReplyCode(keys, { ...place, reply: reply ?? NONE }, code ?? null)
        ? problemOf(caller ?? NONE, reply ?? NONE, entry ?? undefined, actorOf)
        : "nobody who has the append key kept this for a retry";
      const at = position ? Number(position.readBigInt64BE()) : 0;
      if (detail !== undefined) yield { flaw: { position: at, kind: "BOOKMARK", detail } };
    }
    done += batch.length;
    yield { progress: { step: "bookmarks", done } };
  }
}

/** Bytes that are no bookmark lead nowhere, and end nothing: `encode` and `substr` take all there are. */
function bookmarks(ledger: string): string {
  const reply = "encode(i.reply, 'escape')";
  return `select i.caller, i.reply, e.position, e.entry, i.tenant, i.key, i.append_code from event_log.idempotency i
    left join event_log.event e on e.ledger = ${quoted(ledger)} and e.tenant = i.tenant and e.stream_type = 'action'
      and e.stream_id = substr(${reply}, 1, 36) and e.stream_version::text = substr(${reply}, 38)
    where i.ledger = ${quoted(ledger)}`;
}

/** Each looks its event up by index: the other ways hold or sort all events of the ledger. */
const ONE_BY_ONE = { enable_hashjoin: "off", enable_mergejoin: "off" };

function problemOf(caller: Buffer, reply: Buffer, entry: Buffer | undefined, actorOf: ActorOf): string | undefined {
  if (!/^[0-9a-f-]{36} [1-9][0-9]{0,14}$/.test(reply.toString("latin1"))) return "what is kept for a retry cannot be read";
  if (entry === undefined) return "what is kept for a retry leads to a version that the action does not have";
  const actor = actorOf(entry);
  return actor !== undefined && caller.toString("utf8").endsWith(`,${JSON.stringify(actor.issuer)},${JSON.stringify(actor.id)}]`)
    ? undefined
    : "what is kept for a retry leads to what somebody else did";
}

const textOf = (bytes: Buffer | null | undefined): string => (bytes ?? NONE).toString("utf8");

const NONE = Buffer.alloc(0);
