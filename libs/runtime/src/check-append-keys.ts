import { createPostgresEventReader, EventLogError, type AppendKeys, type EventReader } from "@countersign/event-log";
import type { Logger } from "@countersign/telemetry";
import { APPEND_KEY_VARIABLES } from "./append-keys.ts";
import { UnreachableError } from "./unreachable.ts";

type Ledger = { readonly databaseUrl: string; readonly ledger: string; readonly appendKeys: AppendKeys };

/**
 * Holds the append keys against the ledger. The first event's code tells whether they are the ledger's. It may be damaged, and the newest one may be forged: then this
 * process must be able to start all the same, since `fsck` says where, and it only says so.
 * @throws UnreachableError when they are not the ledger's, or those of its beginning are missing
 */
export async function checkAppendKeys({ databaseUrl: url, ledger, appendKeys: keys }: Ledger, role: string, logger: Logger): Promise<void> {
  const log = createPostgresEventReader({ url, role, ledger, keys, logger, maxReadConnections: 1 });
  try {
    const first = await corruptionAt(log, 0);
    if (first?.forged === true) {
      const { appendKeyFile, appendEarlierKeyFiles } = APPEND_KEY_VARIABLES;
      throw new UnreachableError(`${appendKeyFile}, ${appendEarlierKeyFiles}: cannot be those of ledger ${ledger}: ${first.message}`);
    }
    if (first !== undefined) logger.error({ err: first, ledger }, "the ledger's first event is damaged");
    const newest = await corruptionAt(log, (await log.nextPosition()) - 1);
    if (newest !== undefined) logger.error({ err: newest, ledger }, "nothing is appended behind the ledger's newest event");
  } finally {
    await log.close();
  }
}

async function corruptionAt(log: EventReader, position: number): Promise<EventLogError | undefined> {
  try {
    await log.readAll({ from: Math.max(0, position), limit: 1 });
    return undefined;
  } catch (error) {
    if (error instanceof EventLogError && error.code === "corrupt") return error;
    if (!(error instanceof EventLogError) || !(error.cause instanceof Error)) throw error;
    throw new UnreachableError(`COUNTERSIGN_DATABASE_URL: ${error.message}: ${error.cause.message}`, { cause: error });
  }
}
