import { ConcurrencyLimit, type LimitSettings } from "../domain/concurrency-limit.ts";
import { FairLine, type LineSettings, type Urgency } from "../domain/fair-line.ts";

/** One tenant's callers: actions that begin at a fixed rate, whether others come back or not, or so many callers who each wait for their last one. */
export type Callers = { readonly tenant: string } & ({ readonly perSecond: number } | { readonly callers: number });

/** From when to when (ms): `process` stops the gateway too (garbage collection, a starved machine), `service` only what is behind it; else the service is so many times slower. */
export type Trouble = { readonly fromMs: number; readonly toMs: number; readonly what: "process" | "service" | number };

export type Scenario = {
  readonly callers: readonly Callers[];
  readonly troubles: readonly Trouble[];
  readonly forMs: number;
  /** What the service can do: works in batches, each with a commit, as one Postgres does. */
  readonly service: { readonly perSecond: number; readonly commitMs: number };
  readonly limit: LimitSettings;
  readonly line: LineSettings;
  /** Told every 100 ms. */
  readonly onSample?: (now: number, places: number) => void;
};

/** What became of one tenant's actions, each a request and, once that is answered, a redemption. */
export type Fate = { done: number; refused: number; readonly tookMs: number[] };

type Call = {
  readonly tenant: string;
  readonly urgency: Urgency;
  readonly since: number;
  readonly actionSince: number;
  readonly of: Callers;
  startedAt: number;
};

const SWEEP_MS = 20;

/** The gate's two parts at work in front of a service of known capacity, on a clock that is counted: a millisecond is a step. */
export function simulate(scenario: Scenario): ReadonlyMap<string, Fate> {
  return new OverloadModel(scenario).run();
}

class OverloadModel {
  readonly #scenario: Scenario;
  readonly #limit: ConcurrencyLimit;
  readonly #line: FairLine<Call>;
  readonly #fates = new Map<string, Fate>();
  readonly #due = new Map<Callers, number>();
  #now = 0;
  #batch: Call[] = [];
  #batchLeft = 0;
  #queue: Call[] = [];
  #answers: Call[] = [];

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#limit = new ConcurrencyLimit(scenario.limit);
    this.#line = new FairLine(scenario.line);
    for (const { tenant } of scenario.callers) this.#fates.set(tenant, { done: 0, refused: 0, tookMs: [] });
  }

  run(): ReadonlyMap<string, Fate> {
    const { callers, forMs, onSample } = this.#scenario;
    for (const of of callers) if ("callers" in of) for (let each = 0; each < of.callers; each += 1) this.#begin(of);
    for (; this.#now < forMs; this.#now += 1) {
      this.#serve();
      if (this.#trouble() === "process") continue;
      for (const call of this.#answers.splice(0)) this.#end(call);
      for (const of of callers) if ("perSecond" in of) this.#arrive(of);
      if (this.#now % SWEEP_MS === 0) for (const call of this.#line.expire(this.#now, this.#limit.places)) this.#refuse(call);
      this.#letIn();
      if (this.#now % 100 === 0) onSample?.(this.#now, this.#limit.places);
    }
    return this.#fates;
  }

  #trouble(): Trouble["what"] | undefined {
    return this.#scenario.troubles.find(({ fromMs, toMs }) => fromMs <= this.#now && this.#now < toMs)?.what;
  }

  /** One millisecond of the service. */
  #serve(): void {
    const trouble = this.#trouble();
    if (trouble === "process" || trouble === "service") return;
    this.#batchLeft -= 1 / (trouble ?? 1);
    if (this.#batchLeft > 0) return;
    this.#answers.push(...this.#batch);
    this.#batch = this.#queue;
    this.#queue = [];
    const { perSecond, commitMs } = this.#scenario.service;
    this.#batchLeft = this.#batch.length === 0 ? 0 : commitMs + (this.#batch.length * 1000) / perSecond;
  }

  #arrive(of: Callers & { readonly perSecond: number }): void {
    const until = this.#due.get(of) ?? 0;
    let due = until;
    for (; due <= this.#now; due += 1000 / of.perSecond) this.#begin(of);
    this.#due.set(of, due);
  }

  #begin(of: Callers): void {
    this.#join({ tenant: of.tenant, urgency: "normal", since: this.#now, actionSince: this.#now, of, startedAt: 0 });
  }

  #join(call: Call): void {
    const dropped = this.#line.join(call);
    this.#letIn();
    if (dropped !== undefined) this.#refuse(dropped);
  }

  #letIn(): void {
    for (let next = this.#line.next(this.#limit.places); next !== undefined; next = this.#line.next(this.#limit.places)) {
      next.startedAt = this.#now;
      this.#queue.push(next);
    }
  }

  #end(call: Call): void {
    const full = this.#line.working >= this.#limit.places;
    this.#limit.record(this.#now - call.startedAt, full, this.#now);
    this.#line.done(call);
    if (call.urgency === "normal") return this.#join({ ...call, urgency: "urgent", since: this.#now });
    const fate = this.#fates.get(call.tenant);
    if (fate !== undefined) fate.done += 1;
    fate?.tookMs.push(this.#now - call.actionSince);
    if ("callers" in call.of) this.#begin(call.of);
  }

  #refuse(call: Call): void {
    const fate = this.#fates.get(call.tenant);
    if (fate !== undefined) fate.refused += 1;
    if ("callers" in call.of) this.#begin(call.of);
  }
}
