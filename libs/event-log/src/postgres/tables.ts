/** The columns of schema `event_log` that reads use. */
export type EventLogTables = {
  "event_log.ledger_head": { ledger: string; next_position: number };
  "event_log.event": {
    ledger: string;
    position: number;
    tenant: string;
    tenant_sequence: number;
    stream_type: string;
    stream_id: string;
    stream_version: number;
    entry: Buffer;
    leaf_hash: Buffer;
    append_code: Buffer;
  };
  "event_log.content": {
    ledger: string;
    tenant: string;
    stream_type: string;
    stream_id: string;
    digest: Buffer;
    salt: Buffer;
    body: Buffer;
  };
  "event_log.idempotency": { tenant: string; caller: string; key: string; ledger: string; reply: Buffer; append_code: Buffer };
};
