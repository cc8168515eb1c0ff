import { AckPolicy, DeliverPolicy, JetStreamApiError, jetstreamManager, type ConsumerInfo } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { eventStreamName, feedSubject } from "./subjects.ts";

/** A notifier that is a program of its own: it hears of one tenant's actions, through a durable consumer that is its own. */
export type NotifierProgram = { readonly name: string; readonly tenant: string; readonly ledger: string };

/** What is said of it to operators. */
export type RegisteredProgram = Pick<NotifierProgram, "name" | "tenant"> & {
  /** Version of docs/notifier-contract.md that it was written for. */
  readonly contract: number;
  readonly capabilities: readonly string[];
  readonly channels: readonly string[];
  /** How long one delivery may take before its message comes again. */
  readonly ackSeconds: number;
};

/** Name of its durable consumer. */
export function notifierDurable(name: string): string {
  return `notifier-${name}`;
}

const TIMEOUT_MS = 3000;

/**
 * Makes the consumers of the programs that are registered, and mends them. Programs make none themselves: whoever makes a consumer may have JetStream
 * push into any subject there is. One that pushes, or that hears something else, is made anew.
 */
export async function ensureProgramConsumers(
  connection: NatsConnection,
  { prefix, ledger, programs }: { readonly prefix: string; readonly ledger: string; readonly programs: readonly RegisteredProgram[] },
): Promise<void> {
  if (programs.length === 0) return;
  const stream = eventStreamName(prefix, ledger);
  const { consumers } = await jetstreamManager(connection, { checkAPI: false, timeout: TIMEOUT_MS });
  for (const { name, tenant, ackSeconds, ...announcement } of programs) {
    const durable = notifierDurable(name);
    const filter = feedSubject(prefix, ledger, { tenant, streamType: "action" });
    const description = JSON.stringify({ ...announcement, name });
    let info = await consumers.info(stream, durable).catch(undefinedIfNone);
    if (info !== undefined && !isPullOf(info, filter)) {
      await consumers.delete(stream, durable);
      info = undefined;
    }
    const changing = { description, ack_wait: ackSeconds * 1_000_000_000, max_ack_pending: 100 };
    if (info === undefined) {
      const fixed = { name: durable, durable_name: durable, ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All };
      await consumers.add(stream, { ...fixed, filter_subject: filter, ...changing });
    } else if (info.config.description !== description || info.config.ack_wait !== changing.ack_wait) {
      await consumers.update(stream, durable, changing);
    }
  }
}

function isPullOf({ config }: ConsumerInfo, filter: string): boolean {
  return config.deliver_subject === undefined && config.filter_subject === filter && config.ack_policy === AckPolicy.Explicit;
}

function undefinedIfNone(error: unknown): undefined {
  if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_NOT_FOUND) throw error;
}

const CONSUMER_NOT_FOUND = 10_014;
