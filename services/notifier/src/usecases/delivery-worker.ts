import { ATTRIBUTES, inSpan, instruments, startSpan, type Logger } from "@countersign/telemetry";
import { attemptDelivery, type AttemptDeps } from "./attempt-delivery.ts";
import { USUAL_BREAKER, type BreakerTuning } from "../domain/breaker.ts";
import type { DeliveryOutcome, DeliveryStore, LeasedDelivery } from "./delivery-store.ts";

/** How a worker works; production takes the defaults. */
export type WorkerTuning = {
  /** Looks for due deliveries at least this often. */
  readonly pollMs: number;
  /** Longer than any attempt, or two workers could hold the same delivery. */
  readonly leaseMs: number;
  /** A safety net: channels have time limits of their own. */
  readonly attemptTimeoutMs: number;
  /** How long attempts under way may take when the worker closes. */
  readonly closeGraceMs: number;
  readonly concurrency: number;
  /** After so many failures in a row on a channel nothing goes there for a while, then one delivery as a probe. */
  readonly breaker: BreakerTuning;
};

export const USUAL_TUNING: WorkerTuning = {
  pollMs: 1000,
  leaseMs: 45_000,
  attemptTimeoutMs: 25_000,
  closeGraceMs: 5000,
  concurrency: 8,
  breaker: USUAL_BREAKER,
};

export type WorkerDeps = AttemptDeps & { readonly store: DeliveryStore; readonly logger: Logger; readonly tuning: WorkerTuning };

/** The worker of one channel. */
export class DeliveryWorker {
  readonly #deps: WorkerDeps;
  readonly #underWay = new Set<Promise<void>>();
  readonly #cutOff = new AbortController();
  #wake = Promise.withResolvers<void>();
  #closing = false;
  readonly #loop: Promise<void>;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
    this.#loop = this.#run();
  }

  /** Something may be due. */
  wake(): void {
    this.#wake.resolve();
  }

  /** Takes nothing more on, gives attempts under way their grace, then cuts them off: they will be made again. */
  async close(): Promise<void> {
    this.#closing = true;
    this.wake();
    await this.#loop;
    const timer = setTimeout(() => this.#cutOff.abort(), this.#deps.tuning.closeGraceMs);
    await Promise.all(this.#underWay);
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    while (!this.#closing) {
      // Replaced before looking, so that a call meanwhile is not lost.
      this.#wake = Promise.withResolvers<void>();
      const pauseMs = await this.#leaseDue();
      if (pauseMs > 0) await this.#pause(this.#wake.promise, pauseMs);
    }
  }

  /** Starts what is due; how long nothing more can be. */
  async #leaseDue(): Promise<number> {
    const { store, tuning, logger, channel } = this.#deps;
    const room = tuning.concurrency - this.#underWay.size;
    if (room === 0) return tuning.pollMs;
    try {
      const { deliveries, againInMs = tuning.pollMs } = await store.lease({ most: room, leaseMs: tuning.leaseMs });
      for (const delivery of deliveries) this.#start(delivery);
      return deliveries.length > 0 ? 0 : Math.min(againInMs, tuning.pollMs);
    } catch (err) {
      logger.warn({ err, channel: channel.name }, "deliveries cannot be read, trying again");
      return tuning.pollMs;
    }
  }

  #start(delivery: LeasedDelivery): void {
    const work = this.#attempt(delivery).finally(() => {
      this.#underWay.delete(work);
      // The next one of the same action may go now.
      this.wake();
    });
    this.#underWay.add(work);
  }

  async #attempt(delivery: LeasedDelivery): Promise<void> {
    const signal = AbortSignal.any([AbortSignal.timeout(this.#deps.tuning.attemptTimeoutMs), this.#cutOff.signal]);
    const outcome = await this.#observed(delivery, () => attemptDelivery(delivery, this.#deps, signal));
    this.#tell(delivery, outcome);
    await this.#record(delivery, outcome);
  }

  /** The attempt is part of the trace of the event that it tells of. */
  async #observed(delivery: LeasedDelivery, attempt: () => Promise<DeliveryOutcome>): Promise<DeliveryOutcome> {
    const attributes = { [ATTRIBUTES.channel]: this.#deps.channel.name };
    const startedAt = performance.now();
    const deliver = startSpan(`deliver ${delivery.type}`, { kind: "producer", attributes }, delivery.traceparent);
    return inSpan(deliver, async (span) => {
      const ended = await attempt();
      span?.setAttribute(ATTRIBUTES.outcome, ended.outcome);
      const seconds = (performance.now() - startedAt) / 1000;
      instruments()?.deliveries.record(seconds, { ...attributes, [ATTRIBUTES.outcome]: ended.outcome });
      return ended;
    });
  }

  /** A delivery that arrived is recorded however long the database is away: nobody else can lease it meanwhile. */
  async #record(delivery: LeasedDelivery, outcome: DeliveryOutcome): Promise<void> {
    for (;;) {
      try {
        await this.#deps.store.record(delivery, outcome);
        return;
      } catch (err) {
        this.#deps.logger.error(
          { err, delivery: delivery.id, outcome: outcome.outcome },
          "the outcome of a delivery cannot be recorded, trying again",
        );
        if (this.#cutOff.signal.aborted) return;
        await pause(RECORD_AGAIN_MS);
      }
    }
  }

  #tell(delivery: LeasedDelivery, outcome: DeliveryOutcome): void {
    const { logger, channel } = this.#deps;
    const fields = {
      channel: channel.name,
      delivery: delivery.id,
      event: delivery.type,
      action: delivery.actionId,
      attempt: delivery.attempts,
      ...outcome,
    };
    if (outcome.outcome === "failed")
      logger.error(fields, outcome.disablesChannel ? "the receiver closed the channel" : "a delivery was given up");
    else if (outcome.outcome === "retry") logger.warn(fields, "a delivery did not arrive");
    else logger.debug(fields, "a delivery ended");
  }

  async #pause(until: Promise<void>, ms: number): Promise<void> {
    const timer = Promise.withResolvers<void>();
    const handle = setTimeout(timer.resolve, ms);
    await Promise.race([until, timer.promise]);
    clearTimeout(handle);
  }
}

const RECORD_AGAIN_MS = 200;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
