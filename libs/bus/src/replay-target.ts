import type { RecordedEvent } from "@countersign/event-log";
import type { NatsConnection } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { hasJetStream } from "./connect.ts";
import { attributeHeaders } from "./event-headers.ts";

/** Events must not be sent there: somebody could take a replay for what happens now. Nothing was sent. */
export class LiveSubjectError extends Error {
  override readonly name = "LiveSubjectError";

  constructor(subject: string, why: string) {
    super(`will not replay to "${subject.slice(0, 200)}": ${why}`);
  }
}

/** Where a replay goes. */
export type ReplayTarget = {
  publish(event: RecordedEvent): void;
  /** Resolves when the server has taken everything. */
  flush(): Promise<void>;
};

/**
 * Opens a subject of the operator's choice for a replay. It must be a plain subject that no live traffic can meet: not below any of the prefixes, nothing of
 * NATS's own, and no JetStream stream may store it (which is asked again at each flush, since one can be made meanwhile).
 * @throws LiveSubjectError
 */
export async function openReplayTarget(
  connection: NatsConnection,
  { subject, prefixes }: { readonly subject: string; readonly prefixes: readonly string[] },
): Promise<ReplayTarget> {
  refuseLive(subject, prefixes);
  await refuseStored(connection, subject);
  return {
    publish: (event) => {
      connection.publish(subject, event.entry, { headers: attributeHeaders(event, "cs-replay: true\r\n") });
    },
    flush: async () => {
      await connection.flush();
      await refuseStored(connection, subject);
    },
  };
}

/** @throws LiveSubjectError by the name alone. */
export function refuseLive(subject: string, prefixes: readonly string[]): void {
  const tokens = subject.split(".");
  if (!tokens.every((token) => /^[\x21-\x7e]+$/.test(token))) throw new LiveSubjectError(subject, "it is no subject");
  if (tokens.some((token) => token === "*" || token === ">" || token.includes("*") || token.includes(">")))
    throw new LiveSubjectError(subject, "a wildcard could mean live subjects");
  const [first = ""] = tokens;
  if (first.startsWith("$") || first.toUpperCase() === "_INBOX") throw new LiveSubjectError(subject, "it belongs to NATS itself");
  // Live subjects are <prefix>.evt, .cmd and .wake: none of them, nor what may come below the prefix one day.
  if (prefixes.some((prefix) => prefix.toLowerCase() === first.toLowerCase()))
    throw new LiveSubjectError(
      subject,
      `everything below "${first}" is live; choose another first token, for example replay.${tokens.slice(1).join(".") || "events"}`,
    );
}

async function refuseStored(connection: NatsConnection, subject: string): Promise<void> {
  // An answer that does not come is no answer: only a server without JetStream is known to store nothing.
  if (!(await hasJetStream(connection))) return;
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 5000 });
  for await (const name of manager.streams.names(subject))
    throw new LiveSubjectError(subject, `the JetStream stream ${name} would store it, among what it holds already`);
}
