import { jetstreamManager, JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

/** JetStream's copy of the log: when it was made, and where it ends. */
export type Copy = { readonly created: string; readonly last: number };

/** The copy; `none` where nats-server knows of none; nothing while nobody answers. */
export async function copyIn(natsUrl: string): Promise<Copy | "none" | undefined> {
  const connection = await connect({ servers: natsUrl, reconnect: false }).catch(() => undefined);
  if (connection === undefined) return undefined;
  try {
    const { created, state } = await (await jetstreamManager(connection, { checkAPI: false })).streams.info("CS_EVENTS_MAIN");
    return { created, last: state.last_seq };
  } catch (error) {
    return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound ? "none" : undefined;
  } finally {
    await connection.close();
  }
}
