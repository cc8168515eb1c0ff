import { connect, createInbox, errors, type NatsConnection } from "@nats-io/transport-node";
import { inboxPrefix } from "./permissions.ts";

export type NatsOptions = {
  /** `nats://host:port`, several with commas between; user and password may be in front of the host. */
  readonly url: string;
  /** Shown in the server's list of connections. */
  readonly name: string;
  /** Whether what this connection publishes comes back to its own subscriptions. Default true. */
  readonly echo?: boolean;
};

/** No connection could be made; the message says to where, and what to do. Never holds the password. */
export class NatsConnectError extends Error {
  override readonly name = "NatsConnectError";
}

/**
 * Connects to NATS. Once connected, it reconnects for ever by itself.
 * @throws NatsConnectError when no server answers at first.
 */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const { servers, login } = parseUrls(options.url);
  const inbox = login.user === undefined ? undefined : inboxPrefix(login.user);
  try {
    const connection = await connect({
      servers,
      ...login,
      ...(inbox === undefined ? {} : { inboxPrefix: inbox }),
      name: options.name,
      noEcho: options.echo === false,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      reconnectJitter: 100,
      // Credentials may be rotated while we are away: keep trying.
      ignoreAuthErrorAbort: true,
      timeout: 5000,
      // Finds a half-open connection within half a minute.
      pingInterval: 10_000,
      // The library would build an Error with a stack for every request.
      noAsyncTraces: true,
    });
    if (inbox !== undefined) INBOXES.set(connection, inbox);
    return connection;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NatsConnectError(
      `cannot connect to NATS at ${servers.join(", ")} (${reason}): is nats-server 2.9 or newer running there with JetStream (-js)?`,
      { cause },
    );
  }
}

/** Where each connection takes replies, if it has a user of its own. */
const INBOXES = new WeakMap<NatsConnection, string>();

/** A subject for replies that only this connection's user may listen to. */
export function newInbox(connection: NatsConnection): string {
  return createInbox(INBOXES.get(connection));
}

/** Whether anybody on this NATS answers for JetStream. A slow answer counts as one. */
export async function hasJetStream(connection: NatsConnection): Promise<boolean> {
  try {
    await connection.request("$JS.API.INFO", undefined, { timeout: 2000 });
    return true;
  } catch (error) {
    const unheard = error instanceof errors.NoRespondersError || (error instanceof errors.RequestError && error.isNoResponders());
    return !unheard;
  }
}

function parseUrls(text: string): { readonly servers: string[]; readonly login: { user?: string; pass?: string; token?: string } } {
  const urls = text.split(",").map((each) => parseUrl(each.trim()));
  const [first] = urls;
  const servers = urls.map((url) => `${url.protocol}//${url.host}`);
  if (first === undefined || first.username === "") return { servers, login: {} };
  const user = decodeURIComponent(first.username);
  return { servers, login: first.password === "" ? { token: user } : { user, pass: decodeURIComponent(first.password) } };
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["nats:", "tls:"].includes(url.protocol) || url.host === "") {
    throw new NatsConnectError("the NATS url must look like nats://host:4222");
  }
  return url;
}
