import { randomBytes } from "node:crypto";
import { openDatabase } from "@countersign/database";
import { appendKeys } from "./append-keys.ts";
import { NO_EVENTS, planBatch, type Head } from "./batch.ts";
import type { AppendRequest, RecordedEvent } from "./event-log.ts";
import { writeStatement } from "./postgres/write-statement.ts";

/**
 * What somebody can do who has all rights on the database and no append key: the ledger's next events, with every number, link and hash right, and the head moved.
 * @throws Error when the stream is not where the request expects it
 */
export async function forgeAppend(url: string, ledger: string, request: AppendRequest): Promise<readonly RecordedEvent[]> {
  const { tenant, type, id } = request.stream;
  const owner = openDatabase({ url, role: null, maxConnections: 1 });
  const headOf = async (count: string, where: string, ...values: readonly string[]): Promise<Head> => {
    const text = `select ${count} as count, leaf_hash as leaf from event_log.event where ledger = $1 and tenant = $2 ${where} order by ${count} desc limit 1`;
    return (await owner.pool.query<Head>(text, [ledger, tenant, ...values])).rows[0] ?? NO_EVENTS;
  };
  try {
    const stream = await headOf("stream_version", "and stream_type = $3 and stream_id = $4", type, id);
    const ofTenant = await headOf("tenant_sequence", "");
    const { rows } = await owner.pool.query<{ next: number }>("select next_position as next from event_log.ledger_head where ledger = $1", [
      ledger,
    ]);
    const nextPosition = rows[0]?.next ?? 0;
    const heads = { nextPosition, stream: () => stream, tenant: () => ofTenant, reply: () => undefined };
    const batch = planBatch(ledger, heads, [request]);
    if (batch.events.length === 0) throw new Error(`nothing to forge: ${JSON.stringify(batch.outcomes)}`);
    await owner.pool.query(writeStatement(ledger, appendKeys(randomBytes(32)), batch, nextPosition));
    return batch.events;
  } finally {
    await owner.close();
  }
}
