import { connectNats, hasJetStream, NatsConnectError } from "@countersign/bus";
import { openDatabase } from "@countersign/database";

/** Postgres or NATS cannot be used as they are configured. The message names the setting and what is wrong, never a password. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

const OLDEST_POSTGRES = 15;
const MIGRATE = "run deploy/server/src/migrate.ts first, as their owner";

/**
 * Connects once and asks for the version, and for a role of ours whether anybody has migrated.
 * @param role as in `openDatabase`: `null` for the login of the URL, which is all that there is before the first migration.
 * @throws UnreachableError
 */
export async function checkDatabase(url: string, role: string | null): Promise<void> {
  const database = openDatabase({ url, maxConnections: 1, name: "countersign-check", role });
  try {
    const { rows } = await database.pool.query<{ major: number; migrated: boolean }>(`
      select current_setting('server_version_num')::int / 10000 as major,
             exists (select from pg_namespace where nspname = 'event_log') as migrated`);
    const { major, migrated } = rows[0] ?? { major: 0, migrated: false };
    if (major < OLDEST_POSTGRES) throw new Error(`it is PostgreSQL ${major}, and ${OLDEST_POSTGRES} is the oldest that will do`);
    if (role !== null && !migrated) throw new Error(`it has no tables of Countersign: ${MIGRATE}`);
  } catch (cause) {
    const hint = /^role "\w+" does not exist$/.test(reasonOf(cause)) ? `: ${MIGRATE}` : "";
    throw new UnreachableError(`COUNTERSIGN_DATABASE_URL: cannot use PostgreSQL at ${placeOf(url)}: ${reasonOf(cause)}${hint}`, { cause });
  } finally {
    await database.close();
  }
}

/**
 * Connects to a NATS that has JetStream. Nothing comes back that the process published itself: it hears its own events from memory.
 * @throws UnreachableError
 */
export async function reachNats(url: string, name: string): ReturnType<typeof connectNats> {
  const connection = await connectNats({ url, name, echo: false }).catch((error: unknown) => {
    throw error instanceof NatsConnectError ? new UnreachableError(`COUNTERSIGN_NATS_URL: ${error.message}`, { cause: error }) : error;
  });
  if (await hasJetStream(connection)) return connection;
  const server = connection.getServer();
  await connection.close();
  throw new UnreachableError(
    `COUNTERSIGN_NATS_URL: nats-server at ${server} has no JetStream: start it with -js, or enable it in its configuration`,
  );
}

function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

/** Node reports a host with several addresses as an AggregateError without a message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}
