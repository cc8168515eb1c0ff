import { leafHash } from "@countersign/tlog";
import { encodeEntry, recordedEvent, type Entry } from "./entry-codec.ts";
import type { AppendOutcome, AppendRequest, Content, IdempotentReply, RecordedEvent, StoredReply, StreamName } from "./event-log.ts";
import { uuidv7 } from "./uuidv7.ts";

/** Where a stream or a tenant stands: how many events it has, and the leaf hash of the last one. */
export type Head = { readonly count: number; readonly leaf: Uint8Array };

export const NO_EVENTS: Head = { count: 0, leaf: new Uint8Array(0) };

/** What a ledger looks like before a batch. */
export type Heads = {
  readonly nextPosition: number;
  stream(name: StreamName): Head;
  tenant(tenant: string): Head;
  reply(tenant: string, caller: string, key: string): StoredReply | undefined;
};

/** What a batch would change, and what each of its requests is told once that has happened. */
export type Batch = {
  readonly outcomes: readonly AppendOutcome[];
  readonly events: readonly RecordedEvent[];
  readonly replies: readonly (IdempotentReply & { readonly tenant: string })[];
  readonly contents: readonly { readonly stream: StreamName; readonly content: Content }[];
  readonly erased: readonly { readonly stream: StreamName; readonly digest: Uint8Array }[];
  /** By `streamKey`. */
  readonly streams: ReadonlyMap<string, Head>;
  readonly tenants: ReadonlyMap<string, Head>;
};

/** One string per stream; no name holds U+0000. */
export function streamKey(stream: StreamName): string {
  return `${stream.tenant}\0${stream.type}\0${stream.id}`;
}

/** One string per idempotency key. */
export function replyKey(tenant: string, caller: string, key: string): string {
  return `${tenant}\0${caller}\0${key}`;
}

/**
 * Decides the requests in turn, each on top of what the ones before it change. A request that loses changes nothing, so it loses alone.
 * Only a winner's key counts: a repetition of a loser is decided anew.
 */
export function planBatch(ledger: string, heads: Heads, requests: readonly AppendRequest[]): Batch {
  const batch = {
    outcomes: new Array<AppendOutcome>(),
    events: new Array<RecordedEvent>(),
    replies: new Array<Batch["replies"][number]>(),
    contents: new Array<Batch["contents"][number]>(),
    erased: new Array<Batch["erased"][number]>(),
    streams: new Map<string, Head>(),
    tenants: new Map<string, Head>(),
  };
  const replies = new Map<string, StoredReply>();
  for (const request of requests) {
    const { stream, idempotency } = request;
    if (idempotency !== undefined) {
      const { caller, key } = idempotency;
      const known = replies.get(replyKey(stream.tenant, caller, key)) ?? heads.reply(stream.tenant, caller, key);
      if (known !== undefined) {
        batch.outcomes.push(known.ledger === ledger ? { outcome: "replayed", reply: known.reply } : { outcome: "key_reused" });
        continue;
      }
    }
    const streamHead = batch.streams.get(streamKey(stream)) ?? heads.stream(stream);
    if (streamHead.count !== request.expectedVersion) {
      batch.outcomes.push({ outcome: "conflict", actualVersion: streamHead.count });
      continue;
    }
    const tenantHead = batch.tenants.get(stream.tenant) ?? heads.tenant(stream.tenant);
    const events = record(ledger, request, { position: heads.nextPosition + batch.events.length, stream: streamHead, tenant: tenantHead });
    const leaf = events.at(-1)?.leafHash ?? streamHead.leaf;
    batch.streams.set(streamKey(stream), { count: streamHead.count + events.length, leaf });
    batch.tenants.set(stream.tenant, { count: tenantHead.count + events.length, leaf });
    batch.events.push(...events);
    for (const content of request.contents ?? []) batch.contents.push({ stream, content });
    for (const digest of request.erased ?? []) batch.erased.push({ stream, digest });
    if (idempotency !== undefined) {
      batch.replies.push({ ...idempotency, tenant: stream.tenant });
      replies.set(replyKey(stream.tenant, idempotency.caller, idempotency.key), { ledger, reply: idempotency.reply });
    }
    batch.outcomes.push({ outcome: "appended", events });
  }
  return batch;
}

function record(ledger: string, request: AppendRequest, at: { position: number; stream: Head; tenant: Head }): RecordedEvent[] {
  const { stream, time, actor } = request;
  const traceparent = request.traceparent ?? "";
  let previousStreamLeaf = at.stream.leaf;
  let previousTenantLeaf = at.tenant.leaf;
  return request.events.map(({ type, schemaVersion, data }, index) => {
    const entry: Entry = {
      ledger,
      position: at.position + index,
      stream,
      streamVersion: at.stream.count + index + 1,
      tenantSequence: at.tenant.count + index + 1,
      eventId: uuidv7(time),
      type,
      schemaVersion,
      time,
      actor,
      traceparent,
      previousStreamLeaf,
      previousTenantLeaf,
      data,
    };
    const bytes = encodeEntry(entry);
    const hash = leafHash(bytes);
    previousStreamLeaf = hash;
    previousTenantLeaf = hash;
    return recordedEvent(entry, bytes, hash);
  });
}
