import { fromBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { EntrySchema } from "@countersign/proto/event/v1/entry_pb";
import { leafHash } from "@countersign/tlog";
import { sql, type Kysely } from "kysely";
import type { CheckedRow, EntryFields, Hash } from "../../ledger/check-row.ts";
import type { LedgerRows } from "../../ledger/check-ledger.ts";
import { uuidText } from "../events/uuid.ts";

type StoredRow = {
  readonly position: number;
  readonly tenant: string;
  readonly tenant_sequence: number;
  readonly stream_type: string;
  readonly stream_id: string;
  readonly stream_version: number;
  readonly event_id: string;
  readonly type: string;
  readonly schema_version: number;
  readonly time: string;
  readonly entry: Buffer;
  readonly leaf_hash: Buffer;
};

const COLUMNS = sql`position, tenant, tenant_sequence, stream_type, stream_id, stream_version, event_id, type, schema_version,
  (extract(epoch from time) * 1000)::text as time, entry, leaf_hash`;

/**
 * The event table as it stands, columns beside bytes: the log's own readers trust one of them. Entries are decoded by the generated code and
 * not by the log's hand-written codec, so that a fault of the one is not hidden by itself.
 */
export function postgresLedgerRows(database: Kysely<unknown>, ledger: string): LedgerRows {
  return {
    head: async () => {
      const { rows } = await sql<{
        head: number;
      }>`select next_position as head from event_log.ledger_head where ledger = ${ledger}`.execute(database);
      return rows[0]?.head ?? 0;
    },
    read: async (from, below) => {
      const { rows } = await sql<StoredRow>`
        select ${COLUMNS} from event_log.event where ledger = ${ledger} and position >= ${from} and position < ${below} order by position`.execute(
        database,
      );
      return rows.map((row) => toChecked(ledger, row));
    },
    readStreams: async (after, limit) => {
      const from =
        after === undefined
          ? sql``
          : sql`and (ledger, tenant, stream_type, stream_id, stream_version) > (${ledger}, ${after.tenant}, ${after.streamType}, ${after.streamId}, ${after.streamVersion})`;
      const { rows } = await sql<StoredRow>`
        select ${COLUMNS} from event_log.event where ledger = ${ledger} ${from}
        order by ledger, tenant, stream_type, stream_id, stream_version limit ${limit}`.execute(database);
      return rows.map((row) => toChecked(ledger, row));
    },
    findNext: async (from, below) => {
      const { rows } = await sql<{ next: number }>`
        select position as next from event_log.event
        where ledger = ${ledger} and position >= ${from} and position < ${below} order by position limit 1`.execute(database);
      return rows[0]?.next;
    },
  };
}

function toChecked(ledger: string, row: StoredRow): CheckedRow {
  return {
    columns: {
      ledger,
      position: row.position,
      tenant: row.tenant,
      tenantSequence: row.tenant_sequence,
      streamType: row.stream_type,
      streamId: row.stream_id,
      streamVersion: row.stream_version,
      eventId: row.event_id,
      type: row.type,
      schemaVersion: row.schema_version,
      time: Number(row.time),
    },
    storedLeaf: row.leaf_hash.toString("latin1"),
    leaf: leafHash(row.entry).toString("latin1"),
    entry: readEntry(row.entry),
  };
}

function readEntry(bytes: Uint8Array): EntryFields | undefined {
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

function hash(bytes: Uint8Array): Hash {
  return Buffer.from(bytes).toString("latin1");
}
