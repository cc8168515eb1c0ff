import type { RecordedEvent } from "@countersign/event-log";
import type { Logger } from "@countersign/telemetry";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Kysely } from "kysely";
import type { StreamLimits } from "./event-stream.ts";
import { postgresLease, soleLease } from "./lease.ts";
import type { RegisteredProgram } from "./program-consumers.ts";
import { Relay, type RelayLog } from "./relay.ts";

export type RelayDeps<Tables> = {
  /** With `onCommitted`, events of this process come from its memory; without, and for all others, from the log. */
  readonly log: RelayLog;
  readonly connection: NatsConnection;
  /** First token of the subjects. */
  readonly prefix: string;
  /** Holds the lease that keeps one relay at work per ledger. Absent: every relay works, and JetStream refuses what a second one sends. */
  readonly database?: Kysely<Tables>;
  readonly logger: Logger;
  readonly limits?: StreamLimits;
  /** Notifiers that are programs of their own: it makes their consumers. */
  readonly programs?: readonly RegisteredProgram[];
  /** How long an event may wait when every wake-up was lost. Default 500. */
  readonly pollMs?: number;
  /** Called with each event as it is sent, for listeners in this process: see `NatsFeed.hear`. */
  readonly onPublished?: (event: RecordedEvent) => void;
};

/** A relay in this process. */
export type RunningRelay = {
  /** Whether it is this one that copies; false while another process does, or NATS is away. */
  active(): boolean;
  /** Events before this position are in JetStream, as far as this relay knows; 0 while it is not active. */
  stored(): number;
  close(): Promise<void>;
};

/**
 * Copies a ledger to its JetStream stream: in order, each position exactly once, sequence = position + 1. It resumes from the stream's own
 * last message, so a stream that was wiped, rolled back or cut short is filled again, and one that holds anything else than the log is
 * deleted first. Any number may run. Never fails: it waits for NATS and for the log, and says so in its own log.
 */
export function startRelay<Tables>(deps: RelayDeps<Tables>): RunningRelay {
  const { log, connection, prefix, database, logger } = deps;
  const lease = database === undefined ? soleLease : postgresLease(database, `relay ${prefix} ${log.ledger}`);
  const { limits = {}, programs = [], pollMs = 500, onPublished = () => {} } = deps;
  const relay = new Relay({ log, connection, prefix, logger, lease, limits, programs, pollMs, onPublished });
  return { active: () => relay.active, stored: () => relay.stored, close: () => relay.close() };
}
