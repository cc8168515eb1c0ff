import { SERVICE_ROLE } from "@countersign/database";
import { silentLogger, type Logger } from "@countersign/telemetry";
import type { AppendKeys, ReadKeys } from "../append-keys.ts";
import { EventLogError } from "../errors.ts";
import type { EventLog, EventReader } from "../event-log.ts";
import { PostgresAppender } from "./postgres-appender.ts";
import { PostgresReader } from "./postgres-reader.ts";

export type PostgresEventLogOptions = {
  /** A database that `eventLogMigrations` has run on. */
  readonly url: string;
  /** Which ledger; made when it is new. Lower case letters, digits, `-` and `_`. */
  readonly ledger: string;
  /** The same for all who append to the ledger or read it. */
  readonly keys: AppendKeys;
  /** Whose rights it uses; default: those of all services in one process. See `STREAM_WRITERS`. */
  readonly role?: string;
  readonly logger?: Logger;
  /** Connections for reading; default 4. One more appends. */
  readonly maxReadConnections?: number;
};

/** Connections for reading. */
const READ_CONNECTIONS = 4;

/** One ledger, and its connections. */
export type PostgresEventLog = EventLog & {
  /** Finishes the appends that are queued, refuses new ones, and disconnects. */
  close(): Promise<void>;
};

/**
 * A ledger in Postgres. Connects when it is first used, and again after a connection broke. Use one per process and ledger: its appends share
 * transactions; several processes may append to one ledger, at a small price for each.
 * @throws EventLogError when the ledger's name cannot be one
 */
export function createPostgresEventLog(options: PostgresEventLogOptions): PostgresEventLog {
  const { url, ledger, keys, role = SERVICE_ROLE, logger = silentLogger } = options;
  checkName(ledger);
  const listeners = new Set<() => void>();
  const onLost = (): void => listeners.forEach((listener) => listener());
  const appender = new PostgresAppender({ url, ledger, keys, role, logger, onLost });
  const maxConnections = options.maxReadConnections ?? READ_CONNECTIONS;
  const reader = new PostgresReader({ url, ledger, keys, role, logger, onLost, maxConnections });
  return {
    ledger,
    append: (request) => appender.append(request),
    onCommitted: (listener) => appender.onCommitted(listener),
    onLost: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    readStream: (stream, afterVersion) => reader.readStream(stream, afterVersion),
    readAll: (range) => reader.readAll(range),
    readTenant: (tenant, range) => reader.readTenant(tenant, range),
    nextPosition: () => reader.nextPosition(),
    readContents: (stream, digests) => reader.readContents(stream, digests),
    readNamedContents: (names) => reader.readNamedContents(names),
    findReply: (tenant, caller, key) => reader.findReply(tenant, caller, key),
    close: async () => {
      await appender.close();
      await reader.close();
    },
  };
}

/**
 * The same ledger for somebody who only reads it, and may have no append key: `unchecked` takes a forged row for a real one.
 * @throws EventLogError when the ledger's name cannot be one
 */
export function createPostgresEventReader(
  options: Omit<PostgresEventLogOptions, "keys"> & { readonly keys: ReadKeys },
): EventReader & { close(): Promise<void> } {
  const { url, ledger, keys, role = SERVICE_ROLE, logger = silentLogger, maxReadConnections: maxConnections = READ_CONNECTIONS } = options;
  checkName(ledger);
  return new PostgresReader({ url, ledger, keys, role, logger, onLost: () => {}, maxConnections });
}

function checkName(ledger: string): void {
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(ledger)) throw new EventLogError("invalid", `"${ledger}" cannot be the name of a ledger`);
}
