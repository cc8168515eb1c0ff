import type { EventAppender, EventReader, RecordedEvent } from "@countersign/event-log";
import type { Logger } from "@countersign/telemetry";
import type { NatsConnection } from "@nats-io/transport-node";
import { setTimeout as sleep } from "node:timers/promises";
import { EventSource } from "./event-source.ts";
import { openEventStream, type EventStream, type StreamLimits } from "./event-stream.ts";
import type { Lease } from "./lease.ts";
import { linkOf, type Link } from "./link.ts";
import { logCorruption } from "./log-corruption.ts";
import { ensureProgramConsumers, type RegisteredProgram } from "./program-consumers.ts";
import { LostStep, PublishWindow } from "./publish-window.ts";
import { RelayObserver } from "./relay-observer.ts";
import { resumePoint } from "./resume-point.ts";
import { Signal } from "./signal.ts";
import { onWakeup } from "./wakeups.ts";

export type RelayLog = Pick<EventReader, "readAll" | "nextPosition"> &
  Partial<Pick<EventAppender, "onCommitted">> & { readonly ledger: string };

export type RelayOptions = {
  readonly log: RelayLog;
  readonly connection: NatsConnection;
  readonly prefix: string;
  readonly lease: Lease;
  readonly logger: Logger;
  readonly limits: StreamLimits;
  readonly programs: readonly RegisteredProgram[];
  readonly pollMs: number;
  readonly onPublished: (event: RecordedEvent) => void;
};

/** Copies one ledger to JetStream. See `startRelay`. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #source: EventSource;
  readonly #signal = new Signal();
  readonly #window: PublishWindow;
  readonly #observer = new RelayObserver();
  readonly #link: Link;
  readonly #endings: (() => void)[];
  readonly #running: Promise<void>;
  #closed = false;
  #active = false;
  #next = 0;
  #resumedAt: { readonly position: number; readonly time: number } | undefined;

  constructor(options: RelayOptions) {
    const { log, connection, prefix } = options;
    this.#options = options;
    this.#source = new EventSource(log);
    this.#window = new PublishWindow(connection, prefix, () => {
      this.#observer.stored(this.#window.stored);
      this.#signal.raise();
    });
    this.#link = linkOf(connection);
    this.#endings = [
      this.#link.onReconnect(() => this.#window.fail("the connection was lost")),
      onWakeup(connection, prefix, log.ledger, (head) => {
        this.#source.announce(head);
        this.#signal.raise();
      }),
      ...(log.onCommitted === undefined ? [] : [this.#listen(log.onCommitted.bind(log))]),
    ];
    this.#running = this.#run();
  }

  get active(): boolean {
    return this.#active;
  }

  get stored(): number {
    return this.#active ? this.#window.stored : 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#signal.raise();
    await this.#running;
    for (const end of this.#endings) end();
    this.#window.close();
  }

  #listen(onCommitted: EventAppender["onCommitted"]): () => void {
    return onCommitted((events) => {
      for (const event of events) this.#source.offer(event);
      this.#signal.raise();
    });
  }

  async #run(): Promise<void> {
    const { lease, logger, log } = this.#options;
    for (let failures = 0; !this.#closed;) {
      try {
        if (this.#link.connected() && (await lease.tryAcquire())) {
          await this.#relay().finally(() => (this.#active = false));
        }
      } catch (error) {
        failures = this.#worked ? 1 : failures + 1;
        if (error instanceof LostStep)
          logger.warn({ ledger: log.ledger, position: this.#next, reason: error.message }, "relay looks where the stream ends");
        else if (!logCorruption(error, { ledger: log.ledger, component: "relay" }, logger))
          logger.error({ err: error, ledger: log.ledger, position: this.#next }, "relay failed; it tries again");
        await this.#drain();
        // Another instance may be better off.
        if (failures > 1) await lease.release();
      }
      if (!this.#closed) await sleep(failures <= 1 ? RETRY_MS : Math.min(RETRY_MS * 2 ** failures, MAX_RETRY_MS));
    }
    await this.#drain();
    await lease.release();
  }

  /** Returns when the lease is gone or the relay is closed; throws when the stream has to be looked at again. */
  async #relay(): Promise<void> {
    const { log, connection, prefix, limits, lease, logger, pollMs } = this.#options;
    this.#resumedAt = undefined;
    const stream = await openEventStream(connection, prefix, log, limits);
    this.#next = await resumePoint(stream, log, logger);
    this.#source.reset();
    this.#window.restart(this.#next);
    this.#observer.restart();
    this.#resumedAt = { position: this.#next, time: performance.now() };
    this.#active = true;
    await this.#ensureConsumers();
    logger.info({ ledger: log.ledger, position: this.#next }, "relay resumes");
    let poll = true;
    let lastLook = performance.now();
    while (!this.#closed && lease.held()) {
      this.#window.check();
      if (poll || (this.#source.available(this.#next) === 0 && this.#source.hasMore(this.#next))) await this.#source.read(this.#next);
      const published = this.#publish();
      if (published === 0 && performance.now() - lastLook > LOOK_MS) {
        await this.#look(stream);
        lastLook = performance.now();
      }
      poll = published === 0 && !(await this.#signal.wait(pollMs)) && this.#source.available(this.#next) === 0;
    }
  }

  /** Whether the relay got on since it last resumed, or at least lasted: then what happens next is a new problem. */
  get #worked(): boolean {
    if (this.#resumedAt === undefined) return false;
    return this.#window.stored > this.#resumedAt.position || performance.now() - this.#resumedAt.time > MAX_RETRY_MS;
  }

  #publish(): number {
    const events = this.#window.room > 0 ? this.#source.take(this.#next, this.#window.room) : [];
    for (const [index, event] of events.entries()) {
      this.#window.publish(event, index === events.length - 1);
      this.#options.onPublished(event);
    }
    this.#observer.published(events);
    this.#next += events.length;
    return events.length;
  }

  /** Somebody may have deleted the stream while there was nothing to publish. */
  async #look(stream: EventStream): Promise<void> {
    if (this.#window.inFlight > 0) return;
    const last = await stream.ensure();
    if (last !== this.#next) throw new LostStep(`the stream ends at ${last}, not at ${this.#next}`);
    await this.#ensureConsumers();
  }

  /** What cannot be made for programs holds nobody else up. */
  async #ensureConsumers(): Promise<void> {
    const { connection, prefix, programs, log, logger } = this.#options;
    try {
      await ensureProgramConsumers(connection, { prefix, ledger: log.ledger, programs });
    } catch (err) {
      logger.error({ err, ledger: log.ledger }, "consumers of notifier programs cannot be made; the relay tries again");
    }
  }

  /** Lets acknowledgements under way come in. */
  async #drain(): Promise<void> {
    while (this.#window.inFlight > 0 && this.#window.idleMs < DRAIN_MS) await sleep(5);
  }
}

const RETRY_MS = 100;
const MAX_RETRY_MS = 2000;
const LOOK_MS = 5000;
const DRAIN_MS = 100;
