import { openDatabase } from "@countersign/database";
import { decodeEntry, type RecordedEvent } from "@countersign/event-log";
import { decodeEvent, type DecodedEvent } from "@countersign/events";
import { DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

/** A fact of the log with its payload. */
export type Fact = { readonly event: RecordedEvent; readonly payload: DecodedEvent };

/** The whole ledger, past every service: the stored bytes, decoded. */
export async function readLedger(databaseUrl: string): Promise<readonly Fact[]> {
  const database = openDatabase({ url: databaseUrl, maxConnections: 1 });
  try {
    const { rows } = await database.pool.query<{ entry: Uint8Array }>(
      "select entry from event_log.event where ledger = 'main' order by position",
    );
    return rows.map(({ entry }) => {
      const event = decodeEntry(entry);
      return { event, payload: decodeEvent(event) };
    });
  } finally {
    await database.close();
  }
}

/** A message of JetStream. */
export type Copied = { readonly sequence: number; readonly entry: Uint8Array };

/** The last sequence of the ledger's copy, and every message: its sequence and its bytes. */
export async function readCopy(natsUrl: string, atLeast: number): Promise<readonly Copied[]> {
  const connection = await connect({ servers: natsUrl });
  try {
    const name = "CS_EVENTS_MAIN";
    const { state } = await (await jetstreamManager(connection)).streams.info(name);
    if (state.last_seq < atLeast) return [];
    const consumer = await jetstream(connection).consumers.get(name, { deliver_policy: DeliverPolicy.All });
    const messages = [];
    for await (const message of await consumer.fetch({ max_messages: state.messages, expires: 10_000 })) {
      messages.push({ sequence: message.seq, entry: message.data });
    }
    return messages;
  } finally {
    await connection.close();
  }
}
