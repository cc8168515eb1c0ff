import { type Call, streamOf } from "./http2-stream.ts";

type Held = { number: number; bytes: number };

/** How much there may be. */
export type UnreadLimits = { readonly maxNumber: number; readonly maxBytes: number };

/** Answers that are not taken, by the connection that they are for: who has a crowd of them has it at nobody else's cost. */
export class Unread {
  readonly #limits: UnreadLimits;
  readonly #all: Held = { number: 0, bytes: 0 };
  readonly #bySession = new Map<unknown, Held>();

  constructor(calls: Iterable<Call>, limits: UnreadLimits) {
    this.#limits = limits;
    for (const call of calls) this.#count(call, 1);
  }

  /** There are too many, or they are too large, and this one's connection has at least as much of that as connections have on average. */
  crowds(call: Call): boolean {
    const { number, bytes } = this.#of(call);
    const sessions = this.#bySession.size;
    const tooMany = this.#all.number > this.#limits.maxNumber && number * sessions >= this.#all.number;
    return tooMany || (this.#all.bytes > this.#limits.maxBytes && bytes * sessions >= this.#all.bytes);
  }

  remove(call: Call): void {
    this.#count(call, -1);
  }

  /** What of an answer is not taken yet is what its stream still holds. */
  #count(call: Call, sign: 1 | -1): void {
    const bytes = sign * streamOf(call).writableLength;
    for (const held of [this.#all, this.#of(call)]) {
      held.number += sign;
      held.bytes += bytes;
    }
  }

  #of(call: Call): Held {
    const { session } = streamOf(call);
    let held = this.#bySession.get(session);
    if (held === undefined) this.#bySession.set(session, (held = { number: 0, bytes: 0 }));
    return held;
  }
}
