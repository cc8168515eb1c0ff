import { CommandError } from "@countersign/bus";

/** One for all, frozen, so that what is sent is made once. */
const FULL = overloaded("This instance works on as many calls as it can.");
const FULL_OF_WAITING = overloaded("This instance holds as many waiting calls as it can.");
const FULL_OF_BYTES = overloaded("What this instance holds for calls, or for those of your tenant, is as large as it may be in all.");

/** Of the bytes that may be held, an owner may have one in so many. */
const OWNERS_PART = 4;

/** A call that can be ended from outside. */
type Abortable = { abort(reason: CommandError): void };

/** One call's place among those under way. */
export type CallSlot = {
  /** The call waits for people: it no longer counts as in flight. */
  park(call: Abortable): void;
  /** For whom the call is: waiting calls and bytes are also counted by owner. The first one counts. @throws CommandError WATCH_QUOTA or OVERLOADED. */
  own(owner: string): void;
  /** So many bytes are in memory for it now, in place of its request. @throws CommandError OVERLOADED when that is too much; what was counted before still is. */
  hold(bytes: number): void;
  /** The call is over. */
  leave(): void;
};

export type AdmissionLimits = {
  /** Calls that are here at the same time and wait for nobody outside; one more is refused at once. */
  readonly maxInFlight: number;
  /** Streams and other calls that wait for people. */
  readonly maxParked: number;
  /** Of those, how many one owner may have, so that nobody takes all. */
  maxParkedOf(owner: string): number;
  /** Requests are in memory until their calls are over or hold something else, those of waiting calls too: so many bytes at most, a quarter for one owner. */
  readonly maxBytes: number;
};

/** Decides which calls may begin, and knows which are under way. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #parked = new Set<Abortable>();
  readonly #parkedOf = new Map<string, number>();
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;
  #inFlight = 0;
  #draining = false;
  #closed = false;
  #onIdle: () => void = () => {};

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Calls worked on, and calls that wait. */
  get counts(): { readonly inFlight: number; readonly parked: number } {
    return { inFlight: this.#inFlight, parked: this.#parked.size };
  }

  /** @param bytes of the request @throws CommandError SHUTTING_DOWN or OVERLOADED. */
  enter(bytes: number): CallSlot {
    if (this.#closed) throw shuttingDown();
    if (this.#inFlight >= this.#limits.maxInFlight) throw FULL;
    if (this.#bytes + bytes > this.#limits.maxBytes) throw FULL_OF_BYTES;
    this.#inFlight += 1;
    this.#bytes += bytes;
    let parkedCall: Abortable | undefined;
    let owner: string | undefined;
    let left = false;
    let held = bytes;
    return {
      park: (call) => {
        if (parkedCall !== undefined || left) return;
        if (this.#draining) throw shuttingDown();
        if (this.#parked.size >= this.#limits.maxParked) throw FULL_OF_WAITING;
        if (owner !== undefined) this.#count(owner);
        parkedCall = call;
        this.#parked.add(call);
        this.#release();
      },
      own: (name) => {
        if (owner !== undefined || left) return;
        const ofOwner = (this.#bytesOf.get(name) ?? 0) + held;
        if (ofOwner > this.#limits.maxBytes / OWNERS_PART) throw FULL_OF_BYTES;
        if (parkedCall !== undefined) this.#count(name);
        this.#bytesOf.set(name, ofOwner);
        owner = name;
      },
      hold: (now) => {
        if (left) return;
        const more = now - held;
        const ofOwner = owner === undefined ? 0 : (this.#bytesOf.get(owner) ?? 0) + more;
        const tooMany = this.#bytes + more > this.#limits.maxBytes || ofOwner > this.#limits.maxBytes / OWNERS_PART;
        if (more > 0 && tooMany) throw FULL_OF_BYTES;
        this.#letGo(owner, -more);
        held = now;
      },
      leave: () => {
        if (left) return;
        left = true;
        this.#letGo(owner, held);
        if (parkedCall === undefined) this.#release();
        else {
          this.#parked.delete(parkedCall);
          if (owner !== undefined) this.#forget(owner);
        }
        this.#checkIdle();
      },
    };
  }

  /** Ends the parked calls and lets none park; the others are worked on, those that come now too. Resolves when there are none at a time. */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const call of this.#parked) call.abort(shuttingDown());
    await this.#idle();
  }

  /** As `drain`, and refuses new calls. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.drain();
  }

  async #idle(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#checkIdle();
    });
  }

  #count(owner: string): void {
    const parked = this.#parkedOf.get(owner) ?? 0;
    if (parked >= this.#limits.maxParkedOf(owner)) {
      throw new CommandError("RESOURCE_EXHAUSTED", "WATCH_QUOTA", "Too many streams and waiting calls of your tenant are open here.");
    }
    this.#parkedOf.set(owner, parked + 1);
  }

  #forget(owner: string): void {
    const parked = (this.#parkedOf.get(owner) ?? 0) - 1;
    if (parked > 0) this.#parkedOf.set(owner, parked);
    else this.#parkedOf.delete(owner);
  }

  #letGo(owner: string | undefined, bytes: number): void {
    this.#bytes -= bytes;
    if (owner === undefined) return;
    const held = (this.#bytesOf.get(owner) ?? 0) - bytes;
    if (held > 0) this.#bytesOf.set(owner, held);
    else this.#bytesOf.delete(owner);
  }

  #release(): void {
    this.#inFlight -= 1;
  }

  #checkIdle(): void {
    if (this.#draining && this.#inFlight === 0 && this.#parked.size === 0) this.#onIdle();
  }
}

function shuttingDown(): CommandError {
  return new CommandError("UNAVAILABLE", "SHUTTING_DOWN", "This instance is shutting down; another one can take the call.");
}

function overloaded(message: string): CommandError {
  return Object.freeze(new CommandError("RESOURCE_EXHAUSTED", "OVERLOADED", message));
}
