import { TlogError } from "./error.ts";

/**
 * Non-negative decimal without sign or leading zeros, at most 2^53 - 1: what fits no JavaScript number exactly is refused, not rounded.
 * Throws `number_malformed` or `number_out_of_range`.
 */
export function parseDecimal(text: string, what: string): number {
  if (text.length > MAX_DIGITS && DIGITS.test(text)) throw new TlogError("number_out_of_range", `${what} is larger than 2^53 - 1`);
  if (!DECIMAL.test(text)) throw new TlogError("number_malformed", `${what} is not a decimal number without leading zeros`);
  return checkCount(Number(text), what);
}

/** The value, if it is a whole number from 0 to 2^53 - 1. Throws `number_out_of_range`. */
export function checkCount(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new TlogError("number_out_of_range", `${what} is not a whole number from 0 to 2^53 - 1`);
  return value;
}

/** Number of bits of `value`: 0 for 0, 3 for 4. Exact for every safe integer, unlike Math.log2. */
export function bitLength(value: number): number {
  const high = Math.floor(value / 2 ** 32);
  return high === 0 ? 32 - Math.clz32(value) : 64 - Math.clz32(high);
}

/** Largest power of two that is smaller than `value`; `value` is at least 2. Where RFC 6962 splits a tree. */
export const splitPoint = (value: number): number => 2 ** (bitLength(value - 1) - 1);

const MAX_DIGITS = 16;
const DIGITS = /^[0-9]+$/;
const DECIMAL = /^(?:0|[1-9][0-9]*)$/;
