import type { QueryConfig } from "pg";
import { eventCode, replyCode, type AppendKeys } from "../append-keys.ts";
import type { Batch } from "../batch.ts";
import { byteaArray, int4Array, int8Array, textArray, timestamptzArray, uuidArray } from "./binary-array.ts";

/**
 * Everything that a batch changes, in one statement, and only if the ledger's next position is the one that the batch was planned on:
 * `moved` is false, and nothing was written, when somebody else appended. Statements are prepared under one name per shape.
 * Each row of an event and of a reply gets its append code here, so that none is written without.
 */
export function writeStatement(ledger: string, keys: AppendKeys, batch: Batch, expectedPosition: number): QueryConfig {
  const { events, replies, contents, erased } = batch;
  const values = [
    ledger,
    expectedPosition,
    expectedPosition + events.length,
    textArray(events.map((event) => event.stream.tenant)),
    int8Array(events.map((event) => event.tenantSequence)),
    textArray(events.map((event) => event.stream.type)),
    textArray(events.map((event) => event.stream.id)),
    int8Array(events.map((event) => event.streamVersion)),
    uuidArray(events.map((event) => event.eventId)),
    textArray(events.map((event) => event.type)),
    int4Array(events.map((event) => event.schemaVersion)),
    timestamptzArray(events.map((event) => event.time)),
    byteaArray(events.map((event) => event.entry)),
    byteaArray(events.map((event) => event.leafHash)),
    byteaArray(events.map((event) => eventCode(keys, event.leafHash))),
  ];
  const parts = [MOVE_HEAD, INSERT_EVENTS];
  let name = "event_log_write";
  if (replies.length > 0) {
    name += "_replies";
    parts.push(insertReplies(values.length));
    values.push(
      textArray(replies.map((reply) => reply.tenant)),
      textArray(replies.map((reply) => reply.caller)),
      textArray(replies.map((reply) => reply.key)),
      byteaArray(replies.map((reply) => reply.reply)),
      byteaArray(replies.map((reply) => replyCode(keys, { ...reply, ledger }))),
    );
  }
  if (contents.length > 0) {
    name += "_contents";
    parts.push(insertContents(values.length));
    values.push(
      textArray(contents.map(({ stream }) => stream.tenant)),
      textArray(contents.map(({ stream }) => stream.type)),
      textArray(contents.map(({ stream }) => stream.id)),
      byteaArray(contents.map(({ content }) => content.digest)),
      byteaArray(contents.map(({ content }) => content.salt)),
      byteaArray(contents.map(({ content }) => content.body)),
    );
  }
  if (erased.length > 0) {
    name += "_erased";
    parts.push(deleteContents(values.length));
    values.push(
      textArray(erased.map(({ stream }) => stream.tenant)),
      textArray(erased.map(({ stream }) => stream.type)),
      textArray(erased.map(({ stream }) => stream.id)),
      byteaArray(erased.map(({ digest }) => digest)),
    );
  }
  return { name, text: `with ${parts.join(", ")} select exists (select from head) as moved`, values };
}

// The only thing it reads is the head row, which Postgres looks at again after waiting for its lock.
const MOVE_HEAD = `head as (
  update event_log.ledger_head set next_position = $3::bigint where ledger = $1::text and next_position = $2::bigint returning ledger
)`;

const INSERT_EVENTS = `events as (
  insert into event_log.event (ledger, position, tenant, tenant_sequence, stream_type, stream_id, stream_version,
    event_id, type, schema_version, time, entry, leaf_hash, append_code)
  select head.ledger, $2::bigint + e.ordinality - 1, e.tenant, e.tenant_sequence, e.stream_type, e.stream_id, e.stream_version,
    e.event_id, e.type, e.schema_version, e.time, e.entry, e.leaf_hash, e.append_code
  from head, unnest($4::text[], $5::bigint[], $6::text[], $7::text[], $8::bigint[],
    $9::uuid[], $10::text[], $11::int[], $12::timestamptz[], $13::bytea[], $14::bytea[], $15::bytea[]) with ordinality
    as e (tenant, tenant_sequence, stream_type, stream_id, stream_version, event_id, type, schema_version, time, entry, leaf_hash, append_code,
      ordinality)
)`;

function insertReplies(offset: number): string {
  const [tenant, caller, key, reply, code] = parameters(offset, 5);
  return `replies as (
    insert into event_log.idempotency (ledger, tenant, caller, key, reply, append_code)
    select head.ledger, r.* from head, unnest(${tenant}::text[], ${caller}::text[], ${key}::text[], ${reply}::bytea[], ${code}::bytea[]) as r
  )`;
}

/** A digest names salt and body, so an equal one is already there. */
function insertContents(offset: number): string {
  const [tenant, type, id, digest, salt, body] = parameters(offset, 6);
  return `contents as (
    insert into event_log.content (ledger, tenant, stream_type, stream_id, digest, salt, body)
    select head.ledger, c.* from head, unnest(${tenant}::text[], ${type}::text[], ${id}::text[],
      ${digest}::bytea[], ${salt}::bytea[], ${body}::bytea[]) as c
    on conflict do nothing
  )`;
}

function deleteContents(offset: number): string {
  const [tenant, type, id, digest] = parameters(offset, 4);
  return `erased as (
    delete from event_log.content c
    using head, unnest(${tenant}::text[], ${type}::text[], ${id}::text[], ${digest}::bytea[]) as e (tenant, type, id, digest)
    where (c.ledger, c.tenant, c.stream_type, c.stream_id, c.digest) = (head.ledger, e.tenant, e.type, e.id, e.digest)
  )`;
}

function parameters(offset: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `$${offset + index + 1}`);
}
