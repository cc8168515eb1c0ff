import type { EventReader } from "@countersign/event-log";
import type { Logger } from "@countersign/telemetry";
import type { EventStream } from "./event-stream.ts";

/**
 * Where the copy ends, from the copy itself: no cursor of ours can be wrong about it. A copy that holds something else than the log (the
 * log was restored from a backup) is deleted: the log is the truth.
 */
export async function resumePoint(
  stream: EventStream,
  log: Pick<EventReader, "readAll" | "nextPosition"> & { readonly ledger: string },
  logger: Logger,
): Promise<number> {
  for (;;) {
    const last = await stream.ensure();
    if (last === 0) return 0;
    const problem = await divergence(stream, log, last);
    if (problem === undefined) return last;
    logger.error({ ledger: log.ledger, sequence: last }, `JetStream ${problem}: deleting the stream, filling it from the log`);
    await stream.remove();
  }
}

async function divergence(
  stream: EventStream,
  log: Pick<EventReader, "readAll" | "nextPosition">,
  last: number,
): Promise<string | undefined> {
  const [event] = await log.readAll({ from: last - 1, limit: 1 });
  if (event === undefined || event.position !== last - 1) return "is ahead of the log";
  return (await stream.holds(last, event)) ? undefined : "holds another event than the log";
}
