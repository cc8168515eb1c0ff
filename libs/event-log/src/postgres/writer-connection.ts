import { CALL_WAIT_MS, connectionConfig } from "@countersign/database";
import type { Logger } from "@countersign/telemetry";
import pg from "pg";
import { INDEX_PLANS } from "./index-plans.ts";

type WriterOptions = {
  readonly url: string;
  readonly ledger: string;
  readonly role: string;
  readonly logger: Logger;
  /** Called when a connection is over that nobody closed, and when there is one again. */
  readonly onLost: () => void;
};

/** The one connection that appends. It is opened when it is needed, and opened anew after it broke. */
export class WriterConnection {
  #client: pg.Client | undefined;
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** The client, and whether it is a new one: then nothing that an earlier one has seen can be relied on. */
  async open(): Promise<{ readonly client: pg.Client; readonly fresh: boolean }> {
    if (this.#client !== undefined) return { client: this.#client, fresh: false };
    const { url, ledger, role, logger } = this.#options;
    const client = new pg.Client({
      ...connectionConfig({ url, role, name: `event-log ${ledger}`, settings: SESSION }),
      connectionTimeoutMillis: CALL_WAIT_MS,
      // A server that is gone without a word: later than its own timeouts, so that it is asked first.
      query_timeout: 20_000,
      pipeline: true,
    });
    client.on("error", (error) => {
      logger.warn({ err: error, ledger }, "event log's writing connection broke");
      this.#lose(client);
    });
    client.on("end", () => this.#lose(client));
    try {
      await client.connect();
      await client.query("insert into event_log.ledger_head (ledger) values ($1) on conflict do nothing", [ledger]);
    } catch (error) {
      void client.end().catch(() => {});
      throw error;
    }
    this.#client = client;
    this.#options.onLost();
    return { client, fresh: true };
  }

  /** Gives the connection up without waiting for it: whatever it had not committed is rolled back. */
  drop(): void {
    const client = this.#client;
    this.#lose(client);
    void client?.end().catch(() => {});
  }

  #lose(client: pg.Client | undefined): void {
    if (client === undefined || this.#client !== client) return;
    this.#client = undefined;
    this.#options.onLost();
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }
}

const SESSION = {
  ...INDEX_PLANS,
  statement_timeout: "15s",
  lock_timeout: "10s",
  idle_in_transaction_session_timeout: "10s",
};
