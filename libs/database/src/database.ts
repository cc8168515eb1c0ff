import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { discardingPool } from "./discarding-pool.ts";
import { SERVICE_ROLE } from "./roles.ts";

export type DatabaseOptions = {
  readonly url: string;
  /** Role that every session takes on; default `countersign_service`, which cannot change what is recorded. `null`: the login itself. */
  readonly role?: string | null;
  /** Default 8. */
  readonly maxConnections?: number;
  /** More session settings, such as `{ enable_seqscan: "off" }`; they win over the default timeouts. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * Give a query and its connection up when nothing has come back for so long: for a server that is gone without a word. Longer than the statement
   * timeout, so that a server that lives speaks first. Default: wait, as statements that may take their time must.
   */
  readonly queryTimeoutMs?: number;
  /** How long a query waits for a connection of the pool, or for a new one. Default 10 s; `CALL_WAIT_MS` where callers wait for it. */
  readonly waitMs?: number;
  /** Shown in `pg_stat_activity`. */
  readonly name?: string;
  /** Done on each new connection before anybody else gets it. */
  readonly onConnect?: (connection: pg.ClientBase) => Promise<void>;
  /** Told when an idle connection breaks. The pool opens another one by itself; queries that are under way throw on their own. */
  readonly onConnectionLost?: (error: Error) => void;
};

/** A pool of sessions with one role. `bigint` columns arrive as numbers and throw above 2^53. */
export type Database = {
  readonly pool: pg.Pool;
  /** The same pool through Kysely, for the tables that `T` describes; always the same object, since leases share a connection by it. */
  kysely<T>(): Kysely<T>;
  close(): Promise<void>;
};

/** Opens nothing yet: the first query connects. */
export function openDatabase(options: DatabaseOptions): Database {
  const { queryTimeoutMs, onConnect } = options;
  const timeout = queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs };
  const pool = new pg.Pool({
    ...connectionConfig(options),
    ...timeout,
    ...(onConnect && { verify: verifier(onConnect) }),
    max: options.maxConnections ?? 8,
  });
  // Without a listener Node ends the process when the server closes an idle connection.
  pool.on("error", options.onConnectionLost ?? (() => {}));
  // And the pool takes its own listener off a connection that is in use: there the query under way throws.
  pool.on("connect", (connection) => connection.on("error", () => {}));
  const kysely = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: queryTimeoutMs === undefined ? pool : discardingPool(pool) }),
  });
  return {
    pool,
    // The tables are a matter of types only.
    kysely: <T>() => kysely as Kysely<T>,
    close: () => pool.end(),
  };
}

function verifier(onConnect: (connection: pg.ClientBase) => Promise<void>): NonNullable<pg.PoolConfig["verify"]> {
  const verify = async (connection: pg.ClientBase): Promise<Error | undefined> => {
    try {
      await onConnect(connection);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error("a new connection is of no use", { cause: error });
    }
  };
  return (connection, tell) => void verify(connection).then(tell);
}

/** What `openDatabase` connects with, for a single connection of one's own. */
export function connectionConfig(options: Pick<DatabaseOptions, "url" | "role" | "settings" | "name" | "waitMs">): pg.ClientConfig {
  const role = options.role === undefined ? SERVICE_ROLE : options.role;
  const settings = { ...OWN_NAMES, ...TIMEOUTS, ...(role === null ? {} : { role }), ...options.settings };
  return {
    connectionString: options.url,
    application_name: options.name ?? "countersign",
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, "\\$&")}`)
      .join(" "),
    connectionTimeoutMillis: options.waitMs ?? 10_000,
    keepAlive: true,
    types: TYPES,
  };
}

/**
 * Shorter than a caller's patience (COUNTERSIGN_ANSWER_TIMEOUT, 5 s): it is told that the database is out of reach before it gives up, and nobody queues for
 * those who have gone.
 */
export const CALL_WAIT_MS = 4000;

const TIMEOUTS = { statement_timeout: "30s", lock_timeout: "10s", idle_in_transaction_session_timeout: "30s" };

/** Every table is named with its schema, and all else is PostgreSQL's: functions and operators that somebody made mean nothing here, whatever the database or role is set to. */
const OWN_NAMES = { search_path: "pg_catalog" };

const TYPES = new pg.TypeOverrides();
TYPES.setTypeParser(pg.types.builtins.INT8, safeInteger);

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} is above 2^53`);
  return value;
}
