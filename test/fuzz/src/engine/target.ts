/** How an input is built, and so how it is changed without becoming noise. */
export type Kind = "bytes" | "text" | "json" | "form" | "protobuf";

/** A class of errors by which a decoder may refuse. */
export type Refusal = abstract new (...args: never[]) => Error;

/**
 * One decoder or parser and its law: whatever comes in, it gives a value or throws one of `refusals`, in time, with an answer of a size that has a bound, and
 * leaves nothing behind that other requests would see.
 */
export type Target = {
  readonly name: string;
  readonly kind: Kind;
  readonly refusals: readonly Refusal[];
  /** What its grammar is made of: tokens that mutation puts in. */
  readonly words?: readonly string[];
  /** Inputs in a run that must be short, beside the seeds; default 60. */
  readonly quick?: number;
  readonly prepare: () => Prepared | Promise<Prepared>;
};

/** A target with what it needs at hand. */
export type Prepared = {
  /** Valid inputs, from which all others are made. */
  readonly seeds: readonly Uint8Array[];
  /**
   * Runs one input. What it gives back is what somebody would be sent or shown, and has a bounded size.
   * @throws Broken when a law of the target's own does not hold, such as a round trip.
   */
  readonly run: (input: Uint8Array) => unknown;
};

/** Something that must hold does not. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** @throws Broken */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Broken(what);
}

/** Seeds out of texts. */
export const texts = (...seeds: readonly string[]): readonly Uint8Array[] => seeds.map((text) => Buffer.from(text));

/** Seeds out of values, as JSON. */
export const json = (...seeds: readonly unknown[]): readonly Uint8Array[] => texts(...seeds.map((seed) => JSON.stringify(seed)));

/** An input as text, as a server reads it. */
export const textOf = (input: Uint8Array): string => Buffer.from(input).toString("utf8");

/** An input as JSON; undefined when it is none. */
export function jsonOf(input: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(input));
  } catch {
    return undefined;
  }
}
