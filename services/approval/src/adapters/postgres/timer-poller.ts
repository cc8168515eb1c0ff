import { logCorruption } from "@countersign/bus";
import { beginSpan, inSpan, type Logger } from "@countersign/telemetry";
import type { Kysely } from "kysely";
import type { Instant } from "../../domain/values.ts";
import type { Fired } from "../../usecases/fire-timer.ts";
import type { ActionRef } from "../../usecases/ports.ts";
import { retryDelay, type TimerKind } from "../../workflows/timers.ts";
import { claimTimers, finishTimers, postponeTimer, type ApprovalTables, type DueTimer } from "./timer-table.ts";

export type TimerPollerDeps = {
  readonly database: Kysely<ApprovalTables>;
  readonly ledger: string;
  readonly fire: (ref: ActionRef, kind: TimerKind, due: Instant) => Promise<Fired>;
  readonly clock: () => Date;
  readonly logger: Logger;
  readonly intervalMs: number;
};

const BATCH = 50;
const LEASE_MS = 30_000;

/**
 * Looks for due timers, now and every `intervalMs`. Any number of instances may run: claims spread the work, the decider makes it count once. Those that ask policy have a line
 * of their own: each takes as long as policy is waited for, and no deadline waits behind it.
 */
export function startTimerPoller(deps: TimerPollerDeps): { close(): Promise<void> } {
  const lines = [startLine(deps, true), startLine(deps, false)];
  return {
    close: async () => {
      await Promise.all(lines.map((line) => line.close()));
    },
  };
}

function startLine(deps: TimerPollerDeps, asking: boolean): { close(): Promise<void> } {
  let timeout: NodeJS.Timeout | undefined;
  const closing = new AbortController();
  let round: Promise<void> = Promise.resolve();
  const run = async (): Promise<void> => {
    try {
      while (!closing.signal.aborted && (await pollTimers(deps, asking)) === BATCH);
    } catch (err) {
      deps.logger.error({ err }, "timers could not be looked at; trying again");
    }
    if (!closing.signal.aborted) timeout = setTimeout(next, deps.intervalMs);
  };
  const next = (): void => {
    round = run();
  };
  next();
  return {
    close: async () => {
      closing.abort();
      clearTimeout(timeout);
      await round;
    },
  };
}

/** Fires what is due of one line, up to a batch; how many were due. */
export async function pollTimers(deps: TimerPollerDeps, asking: boolean): Promise<number> {
  const { database, ledger } = deps;
  const now = deps.clock().getTime();
  const due = await claimTimers(database, ledger, { asking, now, limit: BATCH, leaseMs: LEASE_MS });
  const fired = await Promise.all(due.map((timer) => fireOne(deps, timer, now)));
  await finishTimers(
    database,
    ledger,
    fired.filter((timer) => timer !== undefined),
  );
  return due.length;
}

/** The timer if it is done with. What fails is tried again soon; if not even that can be written down, when its claim runs out. */
async function fireOne(deps: TimerPollerDeps, timer: DueTimer, now: Instant): Promise<DueTimer | undefined> {
  const { database, ledger } = deps;
  const longest = retryDelay(timer.attempts + 1);
  try {
    const fired = await inSpan(beginSpan(`fire ${timer.kind}`, {}, ""), () => deps.fire(timer.ref, timer.kind, now));
    if (fired === "done") return timer;
    await postponeTimer(database, ledger, timer, { now, delayMs: Math.min(longest, Math.max(0, fired.againBy - now)) });
  } catch (err) {
    const what = { tenant: timer.ref.tenant, actionId: timer.ref.id, kind: timer.kind };
    if (!logCorruption(err, what, deps.logger)) deps.logger.error({ err, ...what }, "timer failed; it will be tried again");
    await postponeTimer(database, ledger, timer, { now, delayMs: longest }).catch(() => {});
  }
  return undefined;
}
