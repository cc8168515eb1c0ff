import type { Logger } from "@countersign/telemetry";
import { setTimeout as sleep } from "node:timers/promises";
import type { SealTerm } from "./ports.ts";
import { refusalIn, type SealRefusedError, type SealRefusal } from "./refusal.ts";
import { resume, rewritten, type SealingParts, type SealState } from "./resume.ts";
import { sealStep } from "./seal-step.ts";
import type { SealStatus } from "./status.ts";

export type SealerOptions = SealingParts & {
  takeTerm(): Promise<SealTerm | undefined>;
  /** How often to look for new events. */
  readonly intervalMs: number;
  /** Half of what a term lasts without being renewed, or less. */
  readonly renewMs: number;
  /** How long to wait after a refusal before everything is looked at again. */
  readonly refusedMs: number;
  readonly logger: Logger;
};

export type RunningSealer = {
  status(): SealStatus;
  /** Looks again at once, after an operator has acted. */
  wake(): void;
  /** Looks at everything again before the next checkpoint: somebody outside says that it does not fit. */
  recheck(): void;
  close(): Promise<void>;
};

/** Seals one ledger, as long as this instance has the right to; tries to get it otherwise. */
export function startSealer(options: SealerOptions): RunningSealer {
  const sealer = new Sealer(options);
  return { status: () => sealer.status(), wake: () => sealer.wake(), recheck: () => sealer.recheck(), close: () => sealer.close() };
}

/** How often a stretch of what is sealed is hashed again, and how long it is: four times as many cost Postgres a fiftieth of a core all the time. */
const SCRUB_MS = 1000;
const SCRUB_EVENTS = 1024;

const NOT_WHAT_WAS_SIGNED =
  "THE LEDGER IS NOT WHAT WAS SIGNED. Nothing is sealed until the right database is back, or an operator begins a new epoch (countersign ledger new-epoch)";
const FORGED =
  "AN EVENT STANDS IN THE LEDGER THAT NO SERVICE APPENDED. Nothing is sealed until it is gone, or this process has the keys of those who append (deploy/runbook.md, Corrupt events)";

const KEY_UNKNOWN =
  "WHAT WAS SIGNED WAS NOT SIGNED WITH A KEY THAT THIS PROCESS HAS. Nothing is sealed until it has the key, the earlier ones and the name of the log again (services/audit/src/sealing/README.md, Keys)";

const MEANING: Partial<Record<SealRefusal, string>> = { FORGED, KEY_UNKNOWN };

class Sealer {
  readonly #options: SealerOptions;
  readonly #running: Promise<void>;
  #pause = new AbortController();
  #closed = false;
  #doubted = false;
  #status: Omit<SealStatus, "lagMs"> = { state: "standby", epoch: 0, sealed: 0 };
  #behindSince: number | undefined;

  constructor(options: SealerOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  status(): SealStatus {
    return { ...this.#status, lagMs: this.#behindSince === undefined ? 0 : performance.now() - this.#behindSince };
  }

  wake(): void {
    this.#pause.abort();
  }

  recheck(): void {
    this.#doubted = true;
    this.wake();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { logger, takeTerm, intervalMs, refusedMs } = this.#options;
    while (!this.#closed) {
      let pauseMs = intervalMs;
      try {
        const term = await takeTerm();
        if (term === undefined) this.#rest({ state: "standby", epoch: 0, sealed: 0 });
        else await this.#useTerm(term);
      } catch (error) {
        const refusal = refusalIn(error);
        pauseMs = refusal === undefined ? 2 * intervalMs : refusedMs;
        if (refusal !== undefined) this.#refuse(refusal);
        else logger.warn({ err: error }, "sealing was interrupted; it goes on where it stopped");
      }
      await this.#sleep(pauseMs);
    }
  }

  #rest(status: Omit<SealStatus, "lagMs">): void {
    this.#status = status;
    this.#behindSince = undefined;
  }

  #refuse(error: SealRefusedError): void {
    const { refusal, position, message } = error;
    this.#status = { ...this.#status, state: "refused", refusal: { kind: refusal, position, message } };
    this.#behindSince ??= performance.now();
    this.#options.logger.error({ refusal, position, err: error }, MEANING[refusal] ?? NOT_WHAT_WAS_SIGNED);
  }

  async #useTerm(term: SealTerm): Promise<void> {
    let held = true;
    const renewal = setInterval(() => {
      term.renew().then(
        (renewed) => (held &&= renewed),
        () => (held = false),
      );
    }, this.#options.renewMs);
    try {
      await this.#seal(term, () => held && !this.#closed);
    } finally {
      clearInterval(renewal);
      // A connection that broke cannot say so: the term then runs out by itself.
      await term.release().catch(() => {});
    }
  }

  async #seal(term: SealTerm, mayGoOn: () => boolean): Promise<void> {
    this.#doubted = false;
    let state = await resume(this.#options);
    let scrubbed = { at: performance.now(), position: 0 };
    this.#advance(state, false);
    while (mayGoOn() && !this.#doubted) {
      const step = await sealStep(this.#options, term, state);
      ({ state } = step);
      this.#advance(state, step.more);
      if (performance.now() - scrubbed.at >= SCRUB_MS)
        scrubbed = { at: performance.now(), position: await this.#scrub(state, scrubbed.position) };
      if (!step.more) await this.#sleep(this.#options.intervalMs);
    }
  }

  #advance({ epoch, edge }: SealState, more: boolean): void {
    this.#status = { state: "sealing", epoch: epoch.epoch, sealed: edge.size };
    this.#behindSince = more ? (this.#behindSince ?? performance.now()) : undefined;
  }

  /** Hashes the entries of the next stretch again, so that a row changed under a running sealer is found too. Returns where to go on. */
  async #scrub({ epoch, edge }: SealState, from: number): Promise<number> {
    const to = Math.min(from + SCRUB_EVENTS, edge.size);
    const range = { epoch: epoch.epoch, from, to, deep: true, maxTiles: 1 };
    const [position] = from < to ? await this.#options.log.mismatches(range) : [];
    if (position !== undefined) throw rewritten(position);
    return to < edge.size ? to : 0;
  }

  async #sleep(milliseconds: number): Promise<void> {
    if (this.#closed) return;
    this.#pause = new AbortController();
    await sleep(milliseconds, undefined, { signal: this.#pause.signal }).catch(() => {});
  }
}
