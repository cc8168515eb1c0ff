import type pg from "pg";
import type { AppendKeys } from "../append-keys.ts";
import { NO_EVENTS, replyKey, streamKey, type Head, type Heads } from "../batch.ts";
import { EventLogError } from "../errors.ts";
import type { AppendRequest, RecordedEvent, StoredReply } from "../event-log.ts";
import { checkedEvent, checkPlace, type Place, type StoredRow } from "../stored-events.ts";
import { storedReply } from "../stored-reply.ts";
import { textArray } from "./binary-array.ts";

type StreamHeadRow = StoredRow & { readonly at: number; readonly stream_version: number };
type TenantHeadRow = StoredRow & { readonly at: number; readonly tenant_sequence: number };
type ReplyRow = { readonly at: number; readonly ledger: string; readonly reply: Buffer; readonly append_code: Buffer | null };

/** The heads, and whose are not to be trusted: such a request is refused, and those beside it go on. */
export type CheckedHeads = Heads & { flawOf(request: AppendRequest): EventLogError | undefined };

/**
 * Begins a transaction, locks the ledger, and then reads what the requests depend on. All of it is sent at once, but each is a statement of
 * its own: one that waits for a lock sees everything but the locked row as it was before the wait.
 *
 * The ledger's last event, and those that the requests follow, are checked as every read is. So nothing of ours ever follows or links to an event that no service
 * appended: who inserted one finds it stay the last of its ledger, or of its stream and tenant.
 * @throws EventLogError `corrupt` when the end of the ledger is
 */
export async function beginAndReadHeads(
  client: pg.Client,
  ledger: string,
  keys: AppendKeys,
  requests: readonly AppendRequest[],
): Promise<CheckedHeads> {
  const [, locked, last, streams, tenants, replies] = await Promise.all([
    client.query("begin"),
    client.query<{ next_position: number }>(LOCK_HEAD, [ledger]),
    client.query<StoredRow>({ name: "event_log_last_event", text: LAST_EVENT, values: [ledger] }),
    client.query<StreamHeadRow>(streamHeads(ledger, requests)),
    client.query<TenantHeadRow>(tenantHeads(ledger, requests)),
    client.query<ReplyRow>(storedReplies(requests)),
  ]);
  const head = locked.rows[0];
  if (head === undefined) throw new EventLogError("corrupt", `ledger ${ledger} has lost its head`);
  const headOf = headsOf(keys, ledger);
  checkLast(ledger, headOf, head.next_position, last.rows[0]);
  const request = (at: number) => {
    const found = requests[at - 1];
    if (found === undefined) throw new Error("Postgres answered for a request that was not made");
    return found;
  };
  const byStream = new Checked<Head>();
  for (const row of streams.rows) {
    const { stream } = request(row.at);
    byStream.set(streamKey(stream), () => headOf({ ledger, stream, counter: "streamVersion" }, row.stream_version, row));
  }
  const byTenant = new Checked<Head>();
  for (const row of tenants.rows) {
    const { tenant } = request(row.at).stream;
    byTenant.set(tenant, () => headOf({ ledger, tenant, counter: "tenantSequence" }, row.tenant_sequence, row));
  }
  const byKey = new Checked<StoredReply>();
  for (const row of replies.rows) {
    const { stream, idempotency } = request(row.at);
    const place = { tenant: stream.tenant, caller: idempotency?.caller ?? "", key: idempotency?.key ?? "" };
    byKey.set(replyKey(place.tenant, place.caller, place.key), () => storedReply(keys, place, row));
  }
  return {
    nextPosition: head.next_position,
    stream: (name) => byStream.get(streamKey(name)) ?? NO_EVENTS,
    tenant: (tenant) => byTenant.get(tenant) ?? NO_EVENTS,
    reply: (tenant, caller, key) => byKey.get(replyKey(tenant, caller, key)),
    flawOf: ({ stream, idempotency: by }) =>
      (by && byKey.flaw(replyKey(stream.tenant, by.caller, by.key))) ?? byTenant.flaw(stream.tenant) ?? byStream.flaw(streamKey(stream)),
  };
}

/** What was found by name, or why it cannot be used. */
class Checked<Value> {
  readonly #found = new Map<string, Value>();
  readonly #flaws = new Map<string, EventLogError>();

  set(name: string, read: () => Value): void {
    try {
      this.#found.set(name, read());
    } catch (error) {
      if (!(error instanceof EventLogError)) throw error;
      this.#flaws.set(name, error);
    }
  }

  get(name: string): Value | undefined {
    return this.#found.get(name);
  }

  flaw(name: string): EventLogError | undefined {
    return this.#flaws.get(name);
  }
}

type HeadOf = (place: Place, count: number, row: StoredRow) => Head;

/** Others wait for the ledger meanwhile, and the last event of the ledger, of a stream and of its tenant are often one: each row is checked once. */
function headsOf(keys: AppendKeys, ledger: string): HeadOf {
  const checked = new Map<number, RecordedEvent>();
  return (place, count, row) => {
    const event = checked.get(row.position) ?? checkedEvent(keys, ledger, row);
    checked.set(row.position, event);
    checkPlace(place, count, event, row.position);
    return { count, leaf: event.leafHash };
  };
}

/** Also when it is not there: a head that was moved by nobody who appended leads nowhere. */
function checkLast(ledger: string, headOf: HeadOf, nextPosition: number, last: StoredRow | undefined): void {
  if (last !== undefined && last.position >= nextPosition - 1) {
    headOf({ ledger, counter: "position" }, nextPosition - 1, last);
  } else if (nextPosition > 0) {
    throw new EventLogError("corrupt", `ledger ${ledger} has no event at position ${nextPosition - 1}`, { position: nextPosition - 1 });
  }
}

const LAST_EVENT = "select position, entry, leaf_hash, append_code from event_log.event where ledger = $1 order by position desc limit 1";

const LOCK_HEAD = "select next_position from event_log.ledger_head where ledger = $1 for update";

function streamHeads(ledger: string, requests: readonly AppendRequest[]): pg.QueryConfig {
  return {
    name: "event_log_stream_heads",
    text: `select q.at, head.stream_version, head.position, head.entry, head.leaf_hash, head.append_code
      from (
        select tenant, type, id, min(at) as at from unnest($2::text[], $3::text[], $4::text[]) with ordinality as s (tenant, type, id, at)
        group by tenant, type, id
      ) q,
      lateral (
        select stream_version, position, entry, leaf_hash, append_code from event_log.event
        where ledger = $1::text and tenant = q.tenant and stream_type = q.type and stream_id = q.id
        order by stream_version desc limit 1
      ) head`,
    values: [
      ledger,
      textArray(requests.map(({ stream }) => stream.tenant)),
      textArray(requests.map(({ stream }) => stream.type)),
      textArray(requests.map(({ stream }) => stream.id)),
    ],
  };
}

function tenantHeads(ledger: string, requests: readonly AppendRequest[]): pg.QueryConfig {
  return {
    name: "event_log_tenant_heads",
    text: `select q.at, head.tenant_sequence, head.position, head.entry, head.leaf_hash, head.append_code
      from (select tenant, min(at) as at from unnest($2::text[]) with ordinality as t (tenant, at) group by tenant) q,
      lateral (
        select tenant_sequence, position, entry, leaf_hash, append_code from event_log.event
        where ledger = $1::text and tenant = q.tenant
        order by tenant_sequence desc limit 1
      ) head`,
    values: [ledger, textArray(requests.map(({ stream }) => stream.tenant))],
  };
}

function storedReplies(requests: readonly AppendRequest[]): pg.QueryConfig {
  return {
    name: "event_log_replies",
    text: `select q.at, i.ledger, i.reply, i.append_code
      from unnest($1::text[], $2::text[], $3::text[]) with ordinality as q (tenant, caller, key, at)
      join event_log.idempotency i using (tenant, caller, key)
      where q.key <> ''`,
    values: [
      textArray(requests.map(({ stream }) => stream.tenant)),
      textArray(requests.map(({ idempotency }) => idempotency?.caller ?? "")),
      textArray(requests.map(({ idempotency }) => idempotency?.key ?? "")),
    ],
  };
}
