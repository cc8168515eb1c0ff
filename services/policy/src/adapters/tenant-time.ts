import { setTimeout as sleep } from "node:timers/promises";
import { CommandError } from "@countersign/bus";
import { currentDeadline } from "@countersign/event-log";

/** What takes less is nobody's fault, and costs nothing to count. */
const COUNTS_MS = 0.5;
/** A tenant may keep the thread for so long in one go, and beyond that for one part of so many of the time: of fewer where no other has asked for a while. */
const ALLOWANCE_MS = 250;
const PARTS = { beside: 4, alone: 2 };
const ALONE_MS = 1000;
/** Who would wait longer than that, or with more others of its tenant, is turned away. */
const PATIENCE_MS = 5000;
const MAX_WAITING = 64;
/** What is left of a caller's time is for the work itself, and for the answer. */
const WORK_MS = 50;
/** Beyond, tenants that owe nothing are forgotten. */
const MANY_TENANTS = 1000;

type Debt = { ms: number; at: number; waiting: number };

/**
 * One thread answers every tenant, and what a document may cost it can take a second. A tenant whose work takes it for long pays by waiting, so that the others do not: it has
 * a quarter of the time at most for verdicts, and another for its documents; half where it is alone, so that who comes next is heard at once.
 */
export class TenantTime {
  readonly #debts = new Map<string, Debt>();
  readonly #now: () => number;
  readonly #pause: (ms: number) => Promise<unknown>;
  readonly #leftOfCaller: () => number;
  #latest = "";
  /** Since when nobody but the latest has asked. */
  #aloneFrom = -Infinity;

  /**
   * @param now monotonic milliseconds
   * @param leftOfCaller how long whoever asks waits yet
   */
  constructor(
    now: () => number,
    pause: (ms: number) => Promise<unknown> = sleep,
    leftOfCaller: () => number = () => currentDeadline() - performance.now(),
  ) {
    this.#now = now;
    this.#leftOfCaller = leftOfCaller;
    this.#pause = pause;
  }

  /** Does what takes the thread up to its first wait, at once if the tenant owes nothing. @throws CommandError OVERLOADED when it owes too much; nothing was done then. */
  run<Result>(tenant: string, work: () => Result | Promise<Result>): Result | Promise<Result> {
    const debt = this.#debts.get(tenant);
    if (debt === undefined) return this.count(tenant, work);
    return this.#paid(tenant, debt).then(() => this.count(tenant, work));
  }

  /** Does at once what may not wait, and has the next one pay for it. */
  count<Result>(tenant: string, work: () => Result): Result {
    const began = this.#now();
    if (tenant !== this.#latest) [this.#latest, this.#aloneFrom] = [tenant, began];
    try {
      return work();
    } finally {
      this.#owe(tenant, this.#now() - began);
    }
  }

  #owe(tenant: string, ms: number): void {
    if (ms < COUNTS_MS) return;
    const debt = this.#debts.get(tenant) ?? { ms: 0, at: 0, waiting: 0 };
    if (this.#debts.size >= MANY_TENANTS) this.#forget();
    this.#debts.set(tenant, debt);
    debt.ms = this.#left(tenant, debt) + ms;
    debt.at = this.#now();
  }

  /** What others of the tenant did meanwhile is paid for too. */
  async #paid(tenant: string, debt: Debt): Promise<void> {
    // Work for somebody who has gone would be paid for by those who come next, who would be gone too.
    const until = this.#now() + Math.min(PATIENCE_MS, this.#leftOfCaller() - WORK_MS);
    debt.waiting += 1;
    try {
      for (let waits = this.#waits(tenant, debt); waits > 0; waits = this.#waits(tenant, debt)) {
        if (debt.waiting > MAX_WAITING || this.#now() + waits > until) throw turnedAway(waits);
        await this.#pause(waits);
      }
    } finally {
      debt.waiting -= 1;
    }
  }

  /** Milliseconds from now on. */
  #waits(tenant: string, debt: Debt): number {
    return (this.#left(tenant, debt) - ALLOWANCE_MS) * this.#parts(tenant);
  }

  #left(tenant: string, { ms, at }: Debt): number {
    return Math.max(0, ms - (this.#now() - at) / this.#parts(tenant));
  }

  #parts(tenant: string): number {
    return tenant === this.#latest && this.#now() - this.#aloneFrom > ALONE_MS ? PARTS.alone : PARTS.beside;
  }

  #forget(): void {
    for (const [tenant, debt] of this.#debts) if (debt.waiting === 0 && this.#left(tenant, debt) === 0) this.#debts.delete(tenant);
  }
}

function turnedAway(retryAfterMs: number): CommandError {
  const message = "The policies of your tenant take so long to work through that others would wait; this was not begun.";
  return new CommandError("RESOURCE_EXHAUSTED", "OVERLOADED", message, { retryAfterMs: Math.ceil(retryAfterMs) });
}
