import type { RecordedEvent } from "@countersign/event-log";
import type { Kysely } from "kysely";

/** An event that a projection could not take in; those that follow it in its stream wait behind it. */
export type RefusedEvent = { readonly event: RecordedEvent; readonly error: Error };

/** Told of each row that a batch wrote: all that it says, as one text, before and after. */
export type OnChange = (before: string | undefined, after: string) => void;

/**
 * A read model in one table of schema `audit`, folded from the log and from nothing else: no clock, no order of insertion, no database default
 * goes into a row, so that folding again gives the same bytes (P5), whatever the batches.
 */
export type Projection = {
  /** Names its consumer, its checkpoint and its dead letters. */
  readonly name: string;
  /** The view that readers and the consumer use; the table behind it is `<view>_v<version>`. */
  readonly view: string;
  /** Statements that make an empty table of this shape under some name; the indexes that only lists need can wait until it is filled. */
  createTable(table: string): { readonly table: string; readonly indexes: readonly string[] };
  /** Columns of the primary key: rows are compared in this order. */
  readonly key: readonly string[];
  /**
   * Folds a batch, in position order, into a table. Events that a row has seen already change nothing. Streams with an event that cannot be
   * folded are left as they were before it, and it is returned with all that follow it in its stream.
   */
  project(
    events: readonly RecordedEvent[],
    database: Kysely<unknown>,
    table: string,
    onChange?: OnChange,
  ): Promise<readonly RefusedEvent[]>;
};
