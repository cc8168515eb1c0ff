import { setTimeout as sleep } from "node:timers/promises";
import { readCheckpoint, serverOf, type ConsumerKey } from "./checkpoint.ts";
import { describeError, isInfrastructureError } from "./consumer-errors.ts";
import type { ConsumerDefinition, ConsumerDeps, RunningConsumer } from "./consumer.ts";
import { lagCheck } from "./consumer-lag.ts";
import { ConsumerTerm } from "./consumer-term.ts";
import { postgresLease, type Lease } from "./lease.ts";
import { logCorruption } from "./log-corruption.ts";
import { ParkedStreams } from "./parked-streams.ts";
import { Progress } from "./progress.ts";

/**
 * Starts an instance of a consumer. One instance of each name works at a time; the others stand by and take over within about a second when
 * it ends. Losing the database or NATS stops nobody for ever: it waits, and goes on from the checkpoint.
 */
export async function startConsumer<Tables>(definition: ConsumerDefinition<Tables>, deps: ConsumerDeps<Tables>): Promise<RunningConsumer> {
  const instance = new ConsumerInstance(definition, deps);
  const { name } = definition;
  const checked = deps.readiness?.add(`consumer ${name}`, "lag", lagCheck(deps.database, { consumer: name, ledger: deps.log.ledger }));
  return {
    reached: (position) => instance.reached(position),
    close: async () => {
      checked?.();
      await instance.close();
    },
  };
}

class ConsumerInstance<Tables> {
  readonly #definition: ConsumerDefinition<Tables>;
  readonly #deps: ConsumerDeps<Tables>;
  readonly #key: ConsumerKey;
  readonly #lease: Lease;
  readonly #progress = new Progress();
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #term: ConsumerTerm<Tables> | undefined;

  constructor(definition: ConsumerDefinition<Tables>, deps: ConsumerDeps<Tables>) {
    this.#definition = definition;
    this.#deps = deps;
    this.#key = { consumer: definition.name, ledger: deps.log.ledger };
    this.#lease = postgresLease(deps.database, `consumer ${definition.name} ${deps.log.ledger}`);
    this.#running = this.#run();
  }

  reached(position: number): Promise<void> {
    this.#term?.announce(position);
    return this.#progress.reached(position);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#term?.wake();
    await this.#running;
    this.#progress.close(`consumer ${this.#definition.name} is closed`);
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#closed;) {
      try {
        if (await this.#lease.tryAcquire()) await this.#work();
        else await this.#standBy();
        failures = 0;
      } catch (error) {
        failures += 1;
        this.#report(error);
      }
      await this.#pause(failures === 0 ? 0 : Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS));
    }
    await this.#lease.release();
  }

  async #work(): Promise<void> {
    const { database, log, feed, logger } = this.#deps;
    const server = await serverOf(database);
    const mayWork = () => !this.#closed && this.#lease.held();
    const work = { server, definition: this.#definition, database, key: this.#key, parked: new ParkedStreams(), logger, mayWork };
    this.#term = new ConsumerTerm(work, { log, feed }, (next) => this.#progress.advance(next));
    this.#term.announce(this.#progress.wanted);
    this.#definition.begin?.();
    try {
      await this.#term.run();
    } finally {
      this.#term = undefined;
    }
  }

  async #standBy(): Promise<void> {
    if (this.#progress.waiting) this.#progress.advance(await readCheckpoint(this.#deps.database, this.#key));
    await this.#pause(this.#progress.waiting ? STANDBY_MS / 4 : STANDBY_MS);
  }

  #report(error: unknown): void {
    const { logger } = this.#deps;
    if (logCorruption(error, this.#key, logger)) return;
    if (isInfrastructureError(error)) logger.warn({ ...this.#key, error: describeError(error) }, "consumer waits for what it stands on");
    else logger.error({ err: error, ...this.#key }, "consumer failed; it tries again");
  }

  async #pause(milliseconds: number): Promise<void> {
    if (milliseconds > 0 && !this.#closed) await sleep(milliseconds, undefined, { signal: this.#closing.signal }).catch(() => {});
  }
}

const STANDBY_MS = 400;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 3000;
