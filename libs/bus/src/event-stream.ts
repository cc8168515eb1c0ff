import type { EventReader, RecordedEvent } from "@countersign/event-log";
import {
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { isOmitted, uuidText } from "./event-headers.ts";
import { firstKept } from "./first-kept.ts";
import { eventStreamName, ledgerSubjects } from "./subjects.ts";

/** How much of the log JetStream keeps for readers that live outside. The log itself keeps everything, whatever is set here. */
export type StreamLimits = {
  /** Default 7 days. */
  readonly maxAgeMs?: number;
  /** Default -1: no limit. A limit reserves that much of the server's storage. */
  readonly maxBytes?: number;
  /** Copies in a cluster; default 1. */
  readonly replicas?: number;
};

/** The stream is not what this build needs, and changing it did not help. */
export class EventStreamError extends Error {
  override readonly name = "EventStreamError";
}

/** The JetStream copy of one ledger: sequence = position + 1, always. */
export type EventStream = {
  /** Makes the stream if it is missing, mends its settings if they differ, and returns its last sequence: of a new one, the one before its first event. */
  ensure(): Promise<number>;
  /** Whether the message with this sequence is this event, byte for byte; true when it has aged out. */
  holds(sequence: number, event: RecordedEvent): Promise<boolean>;
  /** Deletes it with all its messages. */
  remove(): Promise<void>;
};

export async function openEventStream(
  connection: NatsConnection,
  prefix: string,
  log: Pick<EventReader, "readAll" | "nextPosition"> & { readonly ledger: string },
  limits: StreamLimits,
): Promise<EventStream> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: API_TIMEOUT_MS });
  const wanted = streamConfig(prefix, log.ledger, limits);
  const maxAgeMs = limits.maxAgeMs ?? SEVEN_DAYS_MS;
  return {
    ensure: () => ensure(manager, wanted, async () => (canBegin(connection) ? firstKept(log, { maxAgeMs, now: Date.now() }) : 0)),
    holds: async (sequence, event) => {
      const message = await manager.streams.getMessage(wanted.name, { seq: sequence });
      if (message === null) return true;
      // In place of one that NATS did not carry.
      if (isOmitted(message.header)) return message.header.get("ce-id") === uuidText(event.eventId);
      return Buffer.compare(message.data, event.entry) === 0;
    },
    remove: async () => void (await manager.streams.delete(wanted.name)),
  };
}

function streamConfig(prefix: string, ledger: string, limits: StreamLimits) {
  return {
    name: eventStreamName(prefix, ledger),
    description: `Copy of the ledger ${ledger}; may be deleted at any time`,
    subjects: [ledgerSubjects(prefix, ledger)],
    retention: "limits",
    storage: "file",
    discard: "old",
    max_age: (limits.maxAgeMs ?? SEVEN_DAYS_MS) * 1_000_000,
    max_bytes: limits.maxBytes ?? -1,
    num_replicas: limits.replicas ?? 1,
    deny_delete: true,
    deny_purge: true,
  } as const satisfies Partial<StreamConfig>;
}

type Wanted = ReturnType<typeof streamConfig>;

async function ensure(manager: JetStreamManager, wanted: Wanted, begin: () => Promise<number>): Promise<number> {
  const config = { ...wanted, subjects: [...wanted.subjects] };
  let info = await manager.streams.info(wanted.name).catch(undefinedIfNone);
  // The answer says where it ends, whatever was asked for: a server that knows no `first_seq` is given everything.
  info ??= await manager.streams.add({ ...config, ...firstSequence(await begin()) });
  if (differences(info, wanted).length > 0) info = await manager.streams.update(wanted.name, config);
  // Servers drop settings that they do not know without a word, so what they echo is what counts.
  const remaining = differences(info, wanted);
  if (remaining.length > 0)
    throw new EventStreamError(`JetStream stream ${wanted.name} does not take ${remaining.join(", ")}; delete it and it will be made anew`);
  return info.state.last_seq;
}

function firstSequence(position: number): { readonly first_seq?: number } {
  return position === 0 ? {} : { first_seq: position + 1 };
}

/**
 * Whether a stream can be made that begins elsewhere than at 1: from 2.10 on. A purge up to there moves 2.9's store as well, but not the sequence that it compares with
 * `Nats-Expected-Last-Sequence`, before it is restarted: the fence would let the wrong event in.
 */
function canBegin({ info }: NatsConnection): boolean {
  const [major = 0, minor = 0] = (info?.version ?? "").split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 10);
}

function differences(info: StreamInfo, wanted: Wanted): string[] {
  const actual: Readonly<Record<string, unknown>> = { ...info.config };
  return Object.entries(wanted)
    .filter(([setting, value]) => JSON.stringify(actual[setting]) !== JSON.stringify(value))
    .map(([setting]) => setting);
}

function undefinedIfNone(error: unknown): undefined {
  if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamNotFound) throw error;
}

const API_TIMEOUT_MS = 3000;
const SEVEN_DAYS_MS = 7 * 86_400_000;
