import { CommandError } from "@countersign/bus";
import { type RpcCall, Sweeper } from "@countersign/grpc-kit";
import type { Quotas } from "@countersign/quotas";
import { ConcurrencyLimit, type LimitSettings } from "../domain/concurrency-limit.ts";
import { type Applicant, FairLine, type LineSettings } from "../domain/fair-line.ts";
import { RequestRates } from "./request-rates.ts";

/** How the line is looked through for calls that have waited too long. When a sweep is late, places may be free that nobody has heard of. */
const SWEEPS = { everyMs: 20, lateMs: 100 };

/** One for all, frozen, so that what is sent is made once: refusals must not cost what calls do. */
const OVERLOADED = Object.freeze(
  new CommandError("RESOURCE_EXHAUSTED", "OVERLOADED", "More is asked than can be done now; this call was not begun."),
);

export type GateSettings = { readonly limit: LimitSettings; readonly line: LineSettings };

type Waiting = Applicant & {
  /** Its time tells how busy the services are. */ readonly timed: boolean;
  readonly start: () => void;
  readonly refuse: (error: unknown) => void;
};

/** What a call is to the gate. `timed`: it is answered in milliseconds when nothing else is going on, so how long it takes says how much is. */
export type Entrant = Pick<Applicant, "tenant" | "urgency"> & { readonly timed: boolean };

type Enterer = Pick<RpcCall, "parked" | "signal" | "occupies">;

/**
 * Lets calls in once it is known whose they are: as many at once as the services answer in good time, each tenant its share, the rest turned away while somebody still
 * waits for the answer. One per process.
 */
export class Gate {
  readonly #limit: ConcurrencyLimit;
  readonly #line: FairLine<Waiting>;
  readonly #rates: RequestRates;
  readonly #now: () => number;
  readonly #sweeper: Sweeper;

  /** @param now monotonic milliseconds */
  constructor({ limit, line }: GateSettings, quotas: Quotas, now: () => number = () => performance.now()) {
    this.#limit = new ConcurrencyLimit(limit);
    this.#line = new FairLine(line);
    this.#rates = new RequestRates(quotas);
    this.#now = now;
    this.#sweeper = new Sweeper(SWEEPS, (at) => this.#sweep(at), now);
  }

  /** Places there are now, calls that have one, calls in line. */
  get counts(): { readonly places: number; readonly working: number; readonly waiting: number } {
    return { places: this.#limit.places, working: this.#line.working, waiting: this.#line.waiting };
  }

  /**
   * Resolves when the call may go on; its place is given back when it parks or ends. Streams take no place.
   * @throws CommandError OVERLOADED or REQUEST_QUOTA; the signal's reason when the caller hangs up in line.
   */
  enter(call: Enterer, { tenant, urgency, timed }: Entrant): Promise<void> | undefined {
    const since = this.#now();
    if (urgency === "normal") this.#rates.count(tenant, since);
    if (call.parked) return undefined;
    return new Promise<void>((start, refuse) => {
      const waiting: Waiting = { tenant, urgency, timed, since, start: () => start(this.#place(call, waiting)), refuse };
      const dropped = this.#line.join(waiting);
      this.#letIn();
      dropped?.refuse(OVERLOADED);
      if (dropped !== waiting) this.#leaveWith(call, waiting);
    });
  }

  close(): void {
    this.#sweeper.end();
  }

  #place(call: Enterer, entered: Waiting): void {
    const startedAt = this.#now();
    call.occupies(() => {
      const now = this.#now();
      const full = this.#line.working >= this.#limit.places;
      if (entered.timed) this.#limit.record(now - startedAt, full, now);
      this.#line.done(entered);
      this.#letIn();
    });
  }

  #letIn(): void {
    for (let next = this.#line.next(this.#limit.places); next !== undefined; next = this.#line.next(this.#limit.places)) next.start();
    if (this.#line.waiting > 0) this.#sweeper.begin();
  }

  #sweep(now: number): void {
    for (const { refuse } of this.#line.expire(now, this.#limit.places)) refuse(OVERLOADED);
    if (this.#line.waiting === 0) this.close();
  }

  /** A caller that hangs up in line, or whose deadline passes there, is not worked for. */
  #leaveWith(call: Enterer, waiting: Waiting): void {
    if (this.#line.waiting === 0) return;
    const { signal } = call;
    const leave = (): void => {
      if (this.#line.leave(waiting)) waiting.refuse(signal.reason);
    };
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  }
}
