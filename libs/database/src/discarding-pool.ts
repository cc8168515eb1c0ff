import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import type pg from "pg";

/**
 * A pool for Kysely that does not take back a connection on which a query ran into the client's own timeout: its server is gone without a word, and
 * whoever got it next would wait just as long. (`pool.query` does so by itself.)
 */
export function discardingPool(pool: pg.Pool): PostgresPool {
  return { connect: async () => new DiscardedWhenSilent(await pool.connect()), end: () => pool.end(), options: pool.options };
}

class DiscardedWhenSilent implements PostgresPoolClient {
  readonly #client: pg.PoolClient;
  #silence: Error | undefined;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(
    sql: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof sql !== "string") throw new Error("this pool has no cursors");
    return this.#run<Row>(sql, parameters);
  }

  release(destroy = false): void {
    this.#client.release(destroy || this.#silence !== undefined);
  }

  async #run<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>> {
    // A rollback would wait as long again.
    if (this.#silence !== undefined) throw this.#silence;
    try {
      const { command, rowCount, rows } = await this.#client.query<Row & pg.QueryResultRow>(sql, [...parameters]);
      return { command: command as PostgresQueryResult<Row>["command"], rowCount: rowCount ?? 0, rows };
    } catch (error) {
      if (isSilence(error)) this.#silence = error;
      throw error;
    }
  }
}

/** What pg throws when `query_timeout` is over: it has no code. */
function isSilence(error: unknown): error is Error {
  return error instanceof Error && error.message === "Query read timeout";
}
