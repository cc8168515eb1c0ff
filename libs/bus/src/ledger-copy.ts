import { JetStreamApiCodes, JetStreamApiError, jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { isOmitted } from "./event-headers.ts";
import { eventStreamName } from "./subjects.ts";

/** What JetStream holds of a ledger, for whoever compares it with the log. */
export type LedgerCopy = {
  /** Its first and last sequence now; the first is behind the last when all that it held has aged out. Nothing when there is no stream. */
  bounds(): Promise<{ readonly first: number; readonly last: number } | undefined>;
  /** Messages in order of their sequence, from `first` to `last`. `data` is absent where NATS did not carry the event, and only its place is kept. */
  messages(first: number, last: number): AsyncIterable<{ readonly sequence: number; readonly data: Uint8Array | undefined }>;
};

/** The copy of a ledger on a connection. */
export function jetStreamCopy(
  connection: NatsConnection,
  { prefix, ledger }: { readonly prefix: string; readonly ledger: string },
): LedgerCopy {
  const name = eventStreamName(prefix, ledger);
  return {
    async bounds() {
      const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 5000 });
      const info = await manager.streams.info(name).catch(undefinedIfNone);
      if (info === undefined) return undefined;
      const { messages, first_seq: first, last_seq: last } = info.state;
      return { first: messages === 0 ? last + 1 : first, last };
    },
    async *messages(first, last) {
      const consumer = await jetstream(connection).consumers.get(name, { opt_start_seq: first });
      const messages = await consumer.consume({ max_messages: 500 });
      try {
        for await (const message of messages) {
          yield { sequence: message.seq, data: isOmitted(message.headers) ? undefined : message.data };
          if (message.seq >= last || message.info.pending === 0) return;
        }
      } finally {
        await messages.close();
      }
    },
  };
}

function undefinedIfNone(error: unknown): undefined {
  if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamNotFound) throw error;
}
