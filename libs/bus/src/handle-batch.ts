import type { RecordedEvent } from "@countersign/event-log";
import { ATTRIBUTES, beginSpan, errorType, inSpan, instruments, isSampled, type Logger } from "@countersign/telemetry";
import type { Kysely } from "kysely";
import { setTimeout as sleep } from "node:timers/promises";
import { moveCheckpoint, type ConsumerKey } from "./checkpoint.ts";
import { describeError, framesOf, isInfrastructureError, isStatementTimeout, OF_NEWER_BUILDS } from "./consumer-errors.ts";
import type { ConsumerDefinition } from "./consumer.ts";
import { park } from "./dead-letters.ts";
import type { ParkedStreams } from "./parked-streams.ts";

/** What a consumer works with while it has the lease. */
export type Workplace<Tables> = {
  readonly definition: ConsumerDefinition<Tables>;
  readonly database: Kysely<Tables>;
  readonly key: ConsumerKey;
  /** On which the checkpoint was read; see `serverOf`. */
  readonly server: string;
  readonly parked: ParkedStreams;
  readonly logger: Logger;
  /** Asked before what may take long. */
  readonly mayWork: () => boolean;
};

/** Why an event is parked that was never tried. */
export const WAITS = "waits behind an earlier one of its stream";

/** Quick tries of one event before it counts as poison, with the waits between them. */
const WAITS_MS = [20, 100];

/** An event that could not be handled, and how often that was tried. */
export type Failed = { readonly error: Error; readonly attempts: number };

/**
 * Handles events and moves the checkpoint from `from` to `to`, in one transaction. When handling fails, half by half, down to what keeps
 * failing: that becomes dead letters, and the others go on together.
 *
 * A batch that Postgres stops as it takes too long is tried half by half too: tried whole, it could take too long for ever. An event that is stopped alone is no dead letter, though it
 * holds up all that follow: on a busy machine any event can be stopped, and parking for that would make thousands of healthy ones wait for an operator, out of order with the rest. It is
 * tried again with everything from it on, and the consumer's lag tells people.
 * @throws what says nothing about an event (see `isInfrastructureError`): the checkpoint then stands where the last commit left it.
 */
export async function handleBatch<Tables>(
  work: Workplace<Tables>,
  from: number,
  to: number,
  events: readonly RecordedEvent[],
): Promise<void> {
  const error = await tryTogether(work, from, to, events);
  if (error === undefined) return;
  work.logger.warn({ ...work.key, from, to, error: describeError(error) }, "consumer looks for what failed in a batch");
  await handleHalves(work, from, to, events);
}

async function handleHalves<Tables>(work: Workplace<Tables>, from: number, to: number, events: readonly RecordedEvent[]): Promise<void> {
  const half = Math.floor(events.length / 2);
  const middle = events[half];
  if (half === 0 || middle === undefined) {
    for (const event of events) await handleAlone(work, from, to, event);
    return;
  }
  await handlePart(work, from, middle.position, events.slice(0, half));
  await handlePart(work, middle.position, to, events.slice(half));
}

async function handlePart<Tables>(work: Workplace<Tables>, from: number, to: number, events: readonly RecordedEvent[]): Promise<void> {
  const failed = events.length === 1 || (await tryTogether(work, from, to, events)) !== undefined;
  if (failed) await handleHalves(work, from, to, events);
}

/** What it threw, if one of the events can be to blame. */
async function tryTogether<Tables>(
  work: Workplace<Tables>,
  from: number,
  to: number,
  events: readonly RecordedEvent[],
): Promise<Error | undefined> {
  try {
    await observed(work, events, () => handleTogether(work, from, to, events));
    return undefined;
  } catch (error) {
    if (events.length === 0 || (isInfrastructureError(error) && !isWorthHalving(work, events, error))) throw error;
    return error instanceof Error ? error : new Error("not an error", { cause: error });
  }
}

/** Each part can take as long as the whole: who closes does not wait for them. */
function isWorthHalving<Tables>({ mayWork }: Workplace<Tables>, events: readonly RecordedEvent[], error: unknown): boolean {
  return events.length > 1 && isStatementTimeout(error) && mayWork();
}

/** A span that links to the traces whose events came together, and a measurement. Nothing for a checkpoint that only moves. */
async function observed<Tables>({ key }: Workplace<Tables>, events: readonly RecordedEvent[], work: () => Promise<void>): Promise<void> {
  if (events.length === 0) return work();
  const attributes = { [ATTRIBUTES.consumer]: key.consumer };
  const links = newestTraces(events);
  const startedAt = performance.now();
  let failed = {};
  try {
    if (links.length === 0) await work();
    else {
      const told = { ...attributes, [ATTRIBUTES.messageCount]: events.length };
      await inSpan(beginSpan(`process ${key.consumer}`, { kind: "consumer", attributes: told, links }, ""), work);
    }
  } catch (error) {
    failed = { [ATTRIBUTES.errorType]: errorType(error) };
    throw error;
  } finally {
    instruments()?.consumed.record((performance.now() - startedAt) / 1000, { ...attributes, ...failed });
  }
}

const MAX_LINKS = 16;

/** Of a large batch nobody follows every one. */
function newestTraces(events: readonly RecordedEvent[]): readonly string[] {
  const newest = new Set<string>();
  for (const { traceparent } of events.toReversed()) {
    if (isSampled(traceparent)) newest.add(traceparent);
    if (newest.size === MAX_LINKS) break;
  }
  return [...newest];
}

async function handleTogether<Tables>(work: Workplace<Tables>, from: number, to: number, events: readonly RecordedEvent[]): Promise<void> {
  const { definition, database, key, parked } = work;
  const waiting = events.filter((event) => parked.has(event.stream));
  const ready = waiting.length === 0 ? events : events.filter((event) => !parked.has(event.stream));
  for (const event of ready) definition.refuseUnknown?.(event);
  await database.transaction().execute(async (transaction) => {
    await moveCheckpoint(transaction, key, { from, to, server: work.server });
    await park(
      transaction,
      key,
      waiting.map((event) => ({ event, error: WAITS, attempts: 0 })),
    );
    if (ready.length > 0) await definition.handle(ready, transaction);
  });
}

async function handleAlone<Tables>(work: Workplace<Tables>, from: number, to: number, event: RecordedEvent): Promise<void> {
  const { database, key, parked, logger } = work;
  const failed = await tryRepeatedly(() => handleTogether(work, from, to, [event])).catch((problem: unknown) => {
    if (isStatementTimeout(problem))
      logger.error(
        { ...key, position: event.position, eventType: event.type, error: describeError(problem) },
        "consumer was stopped at a single event, as a statement took too long; it tries again",
      );
    throw problem;
  });
  if (failed === undefined) return;
  const { attempts } = failed;
  const error = describeError(failed.error);
  await database.transaction().execute(async (transaction) => {
    await moveCheckpoint(transaction, key, { from, to, server: work.server });
    await park(transaction, key, [{ event, error, attempts }]);
  });
  parked.add(event.stream);
  logger.error(
    { ...key, position: event.position, eventType: event.type, error, frames: framesOf(failed.error) },
    "consumer parked an event as a dead letter",
  );
}

/**
 * Tries an event a few times in quick succession; once, when it is of a newer build: beside one that writes many, the waits would be all that is done here.
 * @returns undefined when a try succeeded.
 * @throws infrastructure errors at once: they say nothing about the event.
 */
export async function tryRepeatedly(attempt: () => Promise<void>): Promise<Failed | undefined> {
  for (let tries = 0; ; tries += 1) {
    try {
      await attempt();
      return undefined;
    } catch (error) {
      if (isInfrastructureError(error)) throw error;
      const failure = error instanceof Error ? error : new Error("not an error", { cause: error });
      const wait = OF_NEWER_BUILDS.includes(failure.name) ? undefined : WAITS_MS[tries];
      if (wait === undefined) return { error: failure, attempts: tries + 1 };
      await sleep(wait);
    }
  }
}
