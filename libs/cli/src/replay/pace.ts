import { InvalidArgumentError } from "commander";

/** How fast a replay goes: as fast as it can, at a number of events per second, or at a multiple of the speed at which it happened. */
export type Speed =
  | { readonly kind: "max" }
  | { readonly kind: "rate"; readonly perSecond: number }
  | { readonly kind: "factor"; readonly factor: number };

/** `max`, or `2x`: twice as fast as it happened. */
export function parseSpeed(text: string): Speed {
  if (text === "max") return { kind: "max" };
  const factor = Number(/^(\d{1,6}(?:\.\d{1,3})?)x$/.exec(text)?.[1]);
  if (!(factor > 0)) throw new InvalidArgumentError("must be max, or a factor such as 2x or 0.5x");
  return { kind: "factor", factor };
}

/** `500/s`. */
export function parseRate(text: string): Speed {
  const perSecond = Number(/^(\d{1,9}(?:\.\d{1,3})?)\/s$/.exec(text)?.[1]);
  if (!(perSecond > 0)) throw new InvalidArgumentError("must be a rate such as 500/s");
  return { kind: "rate", perSecond };
}

/** Says how long each event has to wait. */
export class Pace {
  readonly #speed: Speed;
  #start: { readonly now: number; readonly time: number } | undefined;
  #count = 0;

  constructor(speed: Speed) {
    this.#speed = speed;
  }

  /**
   * @param time - when it happened, in milliseconds
   * @param now - by a clock that only goes forward, in milliseconds
   * @returns milliseconds; 0 or less: now
   */
  waitMs(time: number, now: number): number {
    if (this.#speed.kind === "max") return 0;
    this.#start ??= { now, time };
    this.#count += 1;
    const due =
      this.#speed.kind === "rate" ? ((this.#count - 1) * 1000) / this.#speed.perSecond : (time - this.#start.time) / this.#speed.factor;
    return this.#start.now + due - now;
  }
}
