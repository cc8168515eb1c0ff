import { CommandError } from "@countersign/bus";

/** A call that can be ended from outside. */
type Abortable = { abort(reason: CommandError): void };

/** One call's place among those under way. */
export type CallSlot = {
  /** The call waits for people: it no longer counts as in flight. */
  park(call: Abortable): void;
  /** The call is over. */
  leave(): void;
};

export type AdmissionLimits = {
  /** Calls worked on at the same time; one more is refused at once rather than queued behind work that nobody waits for any more. */
  readonly maxInFlight: number;
  /** Streams and other calls that wait for people. */
  readonly maxParked: number;
};

/** Decides which calls may begin, and knows which are under way. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #parked = new Set<Abortable>();
  #inFlight = 0;
  #closed = false;
  #onIdle: () => void = () => {};

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** @throws CommandError SHUTTING_DOWN or OVERLOADED. */
  enter(): CallSlot {
    if (this.#closed) throw shuttingDown();
    if (this.#inFlight >= this.#limits.maxInFlight) throw overloaded("This instance works on as many calls as it can.");
    this.#inFlight += 1;
    let parkedCall: Abortable | undefined;
    let left = false;
    return {
      park: (call) => {
        if (parkedCall !== undefined || left) return;
        if (this.#closed) throw shuttingDown();
        if (this.#parked.size >= this.#limits.maxParked) throw overloaded("This instance holds as many waiting calls as it can.");
        parkedCall = call;
        this.#parked.add(call);
        this.#release();
      },
      leave: () => {
        if (left) return;
        left = true;
        if (parkedCall === undefined) this.#release();
        else this.#parked.delete(parkedCall);
        this.#checkIdle();
      },
    };
  }

  /** Refuses new calls, ends the parked ones and waits for the others. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const call of this.#parked) call.abort(shuttingDown());
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#checkIdle();
    });
  }

  #release(): void {
    this.#inFlight -= 1;
  }

  #checkIdle(): void {
    if (this.#closed && this.#inFlight === 0 && this.#parked.size === 0) this.#onIdle();
  }
}

function shuttingDown(): CommandError {
  return new CommandError("UNAVAILABLE", "SHUTTING_DOWN", "This instance is shutting down; another one can take the call.");
}

function overloaded(message: string): CommandError {
  return new CommandError("RESOURCE_EXHAUSTED", "OVERLOADED", message);
}
