import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { setTimeout as sleep } from "node:timers/promises";
import type { CountersignClient } from "@countersign/client";
import { openDatabase } from "@countersign/database";
import { eventFilter, Subjects, type EventSelection } from "@countersign/events";
import { corruptionIn, createPostgresEventReader, decodeEntry, scanLedger, type RecordedEvent } from "@countersign/event-log";

/** What is wanted: which events, and from where to where. */
export type Wanted = EventSelection & {
  readonly from: number;
  /** Exclusive; absent: what there is now. */
  readonly to?: number | undefined;
  readonly follow: boolean;
  /** An action's id. */
  readonly action?: string | undefined;
  /** Only with a database: the front door knows the caller's. */
  readonly tenant?: string | undefined;
};

/** Some events that were asked for, and the position behind the last one looked at. */
export type Batch = { readonly events: readonly RecordedEvent[]; readonly next: number };

/** The caller's tenant's events, through the front door. */
export async function* frontDoorSource(
  client: CountersignClient,
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<Batch, void, undefined> {
  const { actor, subject, startTime, endTime } = wanted;
  const request = {
    fromPosition: BigInt(wanted.from),
    endPosition: BigInt(wanted.to ?? 0),
    follow: wanted.follow,
    types: [...(wanted.types ?? [])],
    streamId: wanted.action ?? "",
    ...(actor === undefined ? {} : { actor }),
    ...(startTime === undefined ? {} : { startTime: timestampFromDate(startTime) }),
    ...(endTime === undefined ? {} : { endTime: timestampFromDate(endTime) }),
    subjectType: subject?.type ?? "",
    subjectId: subject?.id ?? "",
  };
  for await (const { event } of client.audit.streamEvents(request, { signal })) {
    if (event === undefined) continue;
    // The bytes that were hashed, and not what was made of them on the way.
    const recorded = decodeEntry(event.entry);
    yield { events: [recorded], next: recorded.position + 1 };
  }
}

const POLL_MS = 250;

/** The position that the ledger's next event will have. */
export async function nextPosition(url: string, ledger: string): Promise<number> {
  const log = createPostgresEventReader({ url, ledger, keys: "unchecked", maxReadConnections: 1 });
  try {
    return await log.nextPosition();
  } finally {
    await log.close();
  }
}

/**
 * All tenants' events, straight from the database: for who runs it, and need not have the services' append key. So it shows also what no service appended: `fsck`
 * tells that.
 */
export async function* databaseSource(
  url: string,
  ledger: string,
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<Batch, void, undefined> {
  const database = openDatabase({ url, maxConnections: 3, name: "countersign-replay" });
  const log = createPostgresEventReader({ url, ledger, keys: "unchecked", maxReadConnections: 1 });
  const matches = eventFilter(wanted, new Subjects((stream) => log.readStream(stream)));
  const mine = (event: RecordedEvent): boolean =>
    (wanted.tenant === undefined || event.stream.tenant === wanted.tenant) &&
    (wanted.action === undefined || event.stream.id === wanted.action);
  try {
    for (let from = wanted.from; !signal.aborted;) {
      const head = await log.nextPosition();
      const to = Math.min(wanted.to ?? head, head);
      for await (const batch of scanLedger(database, ledger, { from, to }, "unchecked")) {
        const events: RecordedEvent[] = [];
        for (const event of batch) {
          const matching = mine(event) && matches(event);
          // Waiting for an answer that is there already would cost more than all the rest.
          if (matching === true || (matching !== false && (await matching))) events.push(event);
        }
        from = (batch.at(-1)?.position ?? from) + 1;
        yield { events, next: from };
      }
      if (!wanted.follow || (wanted.to !== undefined && from >= wanted.to)) return;
      await sleep(POLL_MS, undefined, { signal }).catch(() => {});
    }
  } catch (error) {
    throw withWayOn(error);
  } finally {
    await log.close();
    await database.close();
  }
}

function withWayOn(error: unknown): unknown {
  const flaw = corruptionIn(error);
  if (flaw?.position === undefined) return error;
  const way = `What stands before it is sound, as far as its bytes say; --from-position ${flaw.position + 1} reads on behind it, countersign fsck lists all that is wrong`;
  return new Error(`${flaw.message}. ${way} (deploy/runbook.md, Corrupt events).`, { cause: error });
}
