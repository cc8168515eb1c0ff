import type { EventReader, RecordedEvent } from "@countersign/event-log";
import type { Logger, Readiness } from "@countersign/telemetry";
import type { Kysely, Transaction } from "kysely";
import type { EventFeed } from "./event-feed.ts";

/** Something that folds the ledger, event after event, into tables of its own. */
export type ConsumerDefinition<Tables> = {
  /** Unique; names the checkpoint, the lease and the dead letters, for example `audit.actions`. */
  readonly name: string;
  /** Event types it wants; the checkpoint moves past the others. Absent: all. */
  readonly types?: readonly string[];
  /**
   * Throws on an event that this build does not know, as a newer one wrote it. Such an event is never passed over, whatever `types` says: it becomes a dead letter,
   * with what follows it in its stream, and is tried again by whoever takes the work on next, until that is a build that knows it.
   */
  refuseUnknown?(event: RecordedEvent): void;
  /** How long to gather events at the log's end before handling them together, 0 to 1000 ms. Default 20: cheap, and nobody waits for a projection. */
  readonly lingerMs?: number;
  /**
   * Called before the first event whenever this instance takes the work on, also after something failed: others may have handled events since its last one, and
   * what it kept in memory of earlier ones may lack them, or hold some that were rolled back.
   */
  begin?(): void;
  /**
   * Handles events in position order, inside the transaction that also moves the checkpoint: a crash leaves both or neither. When it throws, the batch is
   * rolled back and tried half by half; an event that keeps failing becomes a dead letter, with those that follow it in its stream.
   */
  handle(events: readonly RecordedEvent[], transaction: Transaction<Tables>): Promise<void>;
};

/** A consumer at work. Any number of instances may run; a lease lets one of them work at a time. */
export type RunningConsumer = {
  /** Resolves once every event before `position` is handled (or is a dead letter) by some instance. */
  reached(position: number): Promise<void>;
  close(): Promise<void>;
};

export type ConsumerDeps<Tables> = {
  readonly log: EventReader & { readonly ledger: string };
  readonly feed: EventFeed;
  readonly database: Kysely<Tables>;
  readonly logger: Logger;
  /** Told whether this consumer keeps up. */
  readonly readiness?: Readiness | undefined;
};
