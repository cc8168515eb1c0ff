import { fromBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { copyOut, quoted, type CopyField, type Database } from "@countersign/database";
import { isEventCode, readEntry, type AppendKeys } from "@countersign/event-log";
import { EntrySchema } from "@countersign/proto/event/v1/entry_pb";
import { leafHash } from "@countersign/tlog";
import { sql } from "kysely";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { CheckedRow, EntryFields, Hash, StreamRow } from "../../ledger/check-row.ts";
import type { LedgerRows } from "../../ledger/check-ledger.ts";
import { uuidText } from "../events/uuid.ts";
import { int4, int8, milliseconds, text, uuid } from "./copy-values.ts";

/** Rows per statement: no snapshot is held for long, and memory holds two of these. */
const SLICE = 4096;
/** Rows at once: other work of the process gets its turn every few milliseconds. */
const PAGE = 256;

const STREAM_KEY = "tenant, stream_type, stream_id, stream_version";

/**
 * The event table as it stands, columns beside bytes: the log's own readers trust one of them. Entries are decoded by the generated code and
 * not by the log's hand-written codec, so that a fault of the one is not hidden by itself; only links within streams are read by both.
 */
export function postgresLedgerRows(database: Database, ledger: string, keys: AppendKeys): LedgerRows {
  const kysely = database.kysely<unknown>();
  const copy = (query: string) => copyRows(database, query);
  return {
    head: async () => {
      const { rows } = await sql<{
        head: number;
      }>`select next_position as head from event_log.ledger_head where ledger = ${ledger}`.execute(kysely);
      return rows[0]?.head ?? 0;
    },
    read: (from, below) =>
      pages(
        (last: CheckedRow | undefined) => copy(rowsQuery(ledger, last === undefined ? from : last.columns.position + 1, below)),
        (fields) => toChecked(ledger, keys, fields),
      ),
    readStreams: () => pages((last: StreamRow | undefined) => copy(streamsQuery(ledger, last)), toStreamRow),
    findNext: async (from) => {
      const { rows } = await sql<{ next: number }>`
        select position as next from event_log.event where ledger = ${ledger} and position >= ${from} order by position limit 1`.execute(
        kysely,
      );
      return rows[0]?.next;
    },
  };
}

type Fields = readonly CopyField[];

/** While one slice is worked on, the next is under way. */
async function* pages<Row>(
  read: (last: Row | undefined) => Promise<readonly Fields[]>,
  toRow: (fields: Fields) => Row,
): AsyncGenerator<readonly Row[], void, undefined> {
  let next: Promise<readonly Fields[]> | undefined = read(undefined);
  while (next !== undefined) {
    const slice: readonly Fields[] = await next;
    const last: Fields | undefined = slice.at(-1);
    next = last === undefined || slice.length < SLICE ? undefined : read(toRow(last));
    // Who stops here never learns how the one under way went.
    next?.catch(() => {});
    for (let at = 0; at < slice.length; at += PAGE) {
      if (at > 0) await nextTurn();
      yield slice.slice(at, at + PAGE).map(toRow);
    }
  }
}

async function copyRows(database: Database, query: string): Promise<readonly Fields[]> {
  const rows: Fields[] = [];
  for await (const batch of copyOut(database.pool, query, IN_INDEX_ORDER)) for (const row of batch) rows.push(row);
  return rows;
}

/** However the planner sees the table, it cannot sort all of it for each page. */
const IN_INDEX_ORDER = { enable_seqscan: "off", enable_bitmapscan: "off", enable_sort: "off" };

function rowsQuery(ledger: string, from: number, below: number): string {
  return `select position, tenant, tenant_sequence, stream_type, stream_id, stream_version, event_id, type, schema_version, time, entry, leaf_hash,
      append_code from event_log.event where ledger = ${quoted(ledger)} and position >= ${from} and position < ${below} order by position limit ${SLICE}`;
}

/** The key after the ledger is compared alone: with the ledger in it, beside its equation, Postgres would begin each slice at the ledger's first row. */
function streamsQuery(ledger: string, last: StreamRow | undefined): string {
  const after =
    last === undefined
      ? ""
      : `and (${STREAM_KEY}) > (${quoted(last.tenant)}, ${quoted(last.streamType)}, ${quoted(last.streamId)}, ${last.streamVersion})`;
  return `select position, tenant, stream_type, stream_id, stream_version, entry
    from event_log.event where ledger = ${quoted(ledger)} ${after} order by ledger, ${STREAM_KEY} limit ${SLICE}`;
}

function toChecked(ledger: string, keys: AppendKeys, fields: Fields): CheckedRow {
  const [position, tenant, sequence, streamType, streamId, version, eventId, type, schemaVersion, time, entry, stored, code] = fields;
  const bytes = entry ?? NO_BYTES;
  const leaf = leafHash(bytes);
  return {
    columns: {
      ledger,
      position: int8(position),
      tenant: text(tenant),
      tenantSequence: int8(sequence),
      streamType: text(streamType),
      streamId: text(streamId),
      streamVersion: int8(version),
      eventId: uuid(eventId),
      type: text(type),
      schemaVersion: int4(schemaVersion),
      time: milliseconds(time),
    },
    storedLeaf: (stored ?? NO_BYTES).toString("latin1"),
    leaf: leaf.toString("latin1"),
    appended: isEventCode(keys, leaf, code ?? null),
    entry: generallyDecoded(bytes),
  };
}

function toStreamRow([position, tenant, streamType, streamId, streamVersion, entry]: Fields): StreamRow {
  const bytes = entry ?? NO_BYTES;
  return {
    position: int8(position),
    tenant: text(tenant),
    streamType: text(streamType),
    streamId: text(streamId),
    streamVersion: int8(streamVersion),
    leaf: leafHash(bytes).toString("latin1"),
    previousStreamLeaf: linkOf(bytes),
  };
}

function generallyDecoded(bytes: Uint8Array): EntryFields | undefined {
  try {
    const entry = fromBinary(EntrySchema, bytes);
    return {
      ledger: entry.ledger,
      position: Number(entry.position),
      tenant: entry.tenant,
      tenantSequence: Number(entry.tenantSequence),
      streamType: entry.streamType,
      streamId: entry.streamId,
      streamVersion: Number(entry.streamVersion),
      eventId: uuidText(entry.eventId),
      type: entry.type,
      schemaVersion: entry.schemaVersion,
      time: entry.eventTime === undefined ? Number.NaN : timestampMs(entry.eventTime),
      previousStreamLeaf: hash(entry.previousStreamLeaf),
      previousTenantLeaf: hash(entry.previousTenantLeaf),
    };
  } catch {
    // Not an entry: a flaw, not a failure of the verification.
    return undefined;
  }
}

function linkOf(bytes: Uint8Array): Hash | undefined {
  try {
    return hash(readEntry(bytes).previousStreamLeaf);
  } catch {
    return undefined;
  }
}

function hash(bytes: Uint8Array): Hash {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

const NO_BYTES = Buffer.alloc(0);
