import type { Logger } from "@countersign/telemetry";
import pg from "pg";
import type { AppendKeys } from "../append-keys.ts";
import { checkAppendRequest, requestBytes } from "../append-request.ts";
import { planBatch, type Batch } from "../batch.ts";
import { CombiningQueue, type Pending } from "../combining-queue.ts";
import { EventLogError } from "../errors.ts";
import type { AppendOutcome, AppendRequest, EventAppender } from "../event-log.ts";
import { CommitListeners } from "../commit-listeners.ts";
import { RememberedHeads } from "../remembered-heads.ts";
import { beginAndReadHeads, type CheckedHeads } from "./read-heads.ts";
import { writeStatement } from "./write-statement.ts";
import { WriterConnection } from "./writer-connection.ts";

type PendingAppend = Pending<AppendRequest, AppendOutcome>;

/** What a batch appended, and what each of its requests is told. */
type Told = { readonly events: Batch["events"]; readonly outcomes: readonly (AppendOutcome | EventLogError | undefined)[] };

/** Appends to one ledger, many requests to a transaction. See the README for how. */
export class PostgresAppender implements EventAppender {
  readonly #ledger: string;
  readonly #keys: AppendKeys;
  readonly #connection: WriterConnection;
  readonly #heads = new RememberedHeads();
  readonly #listeners: CommitListeners;
  readonly #queue = new CombiningQueue<AppendRequest, AppendOutcome>((batch) => this.#process(batch), BATCH_LIMITS);
  /** Whether nobody else appended between our last two looks at the ledger: only then are remembered heads worth a try. */
  #alone = false;
  #closed = false;

  constructor(options: {
    readonly url: string;
    readonly ledger: string;
    readonly keys: AppendKeys;
    readonly role: string;
    readonly logger: Logger;
    readonly onLost: () => void;
  }) {
    this.#ledger = options.ledger;
    this.#keys = options.keys;
    this.#connection = new WriterConnection(options);
    this.#listeners = new CommitListeners(options.logger);
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    if (this.#closed) throw new EventLogError("unavailable", "the event log is closed");
    checkAppendRequest(request);
    return this.#queue.add(request, requestBytes(request));
  }

  onCommitted(listener: Parameters<EventAppender["onCommitted"]>[0]): () => void {
    return this.#listeners.add(listener);
  }

  /** Finishes what is queued. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue.idle();
    await this.#connection.close();
  }

  async #process(pending: readonly PendingAppend[], retry = true): Promise<void> {
    try {
      this.#settle(pending, await this.#write(pending.map(({ request }) => request)));
    } catch (error) {
      if (!retry || !isRefused(error)) throw asEventLogError(error);
      // Postgres refused a value and rolled back. One by one, so that nobody fails for another; again, because a key that an append to
      // another ledger has just taken can be seen now.
      for (const one of pending) await this.#process([one], false).catch(one.reject);
    }
  }

  #settle(pending: readonly PendingAppend[], { events, outcomes }: Told): void {
    if (events.length > 0) this.#listeners.notify(events);
    for (const [index, { resolve, reject }] of pending.entries()) {
      const outcome = outcomes[index];
      if (outcome instanceof EventLogError) reject(outcome);
      else if (outcome === undefined) reject(new Error("a batch lost the outcome of a request"));
      else resolve(outcome);
    }
  }

  async #write(requests: readonly AppendRequest[]): Promise<Told> {
    const { client, fresh } = await this.#connection.open().catch((error: unknown) => {
      throw new EventLogError("unavailable", "the event log cannot be reached", { cause: error });
    });
    if (fresh) this.#heads.forget();
    try {
      return (await this.#writeAtOnce(client, requests)) ?? (await this.#lockAndWrite(client, requests));
    } catch (error) {
      this.#heads.forget();
      if (isCorrupt(error)) await client.query("rollback").catch(() => this.#connection.drop());
      else if (!isRefused(error)) this.#connection.drop();
      throw error;
    }
  }

  /** One round trip, on remembered heads. Nothing was written when it returns nothing: look at the log and decide there. */
  async #writeAtOnce(client: pg.Client, requests: readonly AppendRequest[]): Promise<Batch | undefined> {
    const heads = this.#alone ? this.#heads.forRequests(requests) : undefined;
    if (heads === undefined) return undefined;
    const batch = planBatch(this.#ledger, heads, requests);
    // A refusal needs more than memory behind it.
    if (batch.outcomes.some(({ outcome }) => outcome !== "appended")) return undefined;
    try {
      const {
        rows: [row],
      } = await client.query<{ moved: boolean }>(writeStatement(this.#ledger, this.#keys, batch, heads.nextPosition));
      if (row?.moved !== true) return undefined;
    } catch (error) {
      if (isDuplicate(error)) return undefined;
      throw error;
    }
    this.#heads.remember(heads.nextPosition + batch.events.length, batch);
    return batch;
  }

  async #lockAndWrite(client: pg.Client, requests: readonly AppendRequest[]): Promise<Told> {
    const heads = await beginAndReadHeads(client, this.#ledger, this.#keys, requests);
    this.#alone = this.#heads.matches(heads.nextPosition);
    if (!this.#alone) this.#heads.forget();
    const sound = requests.filter((request) => heads.flawOf(request) === undefined);
    const batch = planBatch(this.#ledger, heads, sound);
    const told = { events: batch.events, outcomes: withFlaws(requests, heads, batch.outcomes) };
    if (batch.events.length === 0) {
      await client.query("rollback");
      this.#heads.remember(heads.nextPosition, batch);
      return told;
    }
    const [written, ended] = await Promise.allSettled([
      client.query<{ moved: boolean }>(writeStatement(this.#ledger, this.#keys, batch, heads.nextPosition)),
      client.query("commit"),
    ]);
    if (written.status === "rejected") throw written.reason;
    if (ended.status === "rejected") throw ended.reason;
    // To a transaction that has failed, Postgres answers COMMIT with ROLLBACK.
    if (written.value.rows[0]?.moved !== true || ended.value.command !== "COMMIT") {
      throw new EventLogError("corrupt", `the locked head of ledger ${this.#ledger} moved`);
    }
    this.#heads.remember(heads.nextPosition + batch.events.length, batch);
    return told;
  }
}

const BATCH_LIMITS = { requests: 256, bytes: 4 * 1024 * 1024 };

/** Puts each request that was not planned, since what it follows is corrupt, back among those that were. */
function withFlaws(requests: readonly AppendRequest[], heads: CheckedHeads, outcomes: readonly AppendOutcome[]): Told["outcomes"] {
  const planned = outcomes.values();
  return requests.map((request) => heads.flawOf(request) ?? planned.next().value);
}

function isCorrupt(error: unknown): boolean {
  return error instanceof EventLogError && error.code === "corrupt";
}

/** Postgres has refused the statement's values and undone it: data exceptions (22), integrity violations (23), program limits (54). */
function isRefused(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(22|23|54)/.test(error.code ?? "");
}

function isDuplicate(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "23505";
}

function asEventLogError(error: unknown): EventLogError {
  if (error instanceof EventLogError) return error;
  if (isRefused(error)) return new EventLogError("invalid", "Postgres refused the append", { cause: error });
  // What Postgres reports about a statement is reported after it was undone. A broken connection, a shutdown or a system error may hit a
  // commit that is on its way.
  const undone = error instanceof pg.DatabaseError && !/^(08|57P|58|XX)/.test(error.code ?? "XX");
  return new EventLogError(undone ? "unavailable" : "outcome_unknown", "the event log failed", { cause: error });
}
