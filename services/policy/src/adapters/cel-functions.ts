import { celFunc, celMethod, CelScalar, celUint, type CelFunc } from "@bufbuild/cel";
import { TIME_FUNCTIONS } from "./cel-time.ts";

const { BOOL, DOUBLE, INT, STRING, UINT } = CelScalar;

const INTEGER = /^-?\d{1,20}$/;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;
/** No number that means something is longer. */
const MAX_NUMBER = 64;
const SHORT = 200;

/**
 * Standard functions of CEL that the library has otherwise: to it an empty text is the number 0, and reading a long number or looking for a long text takes the square
 * of its length.
 */
export const CEL_FUNCTIONS: CelFunc[] = [
  celFunc("int", [STRING], INT, (text) => within(integerOf(text), -(2n ** 63n), 2n ** 63n)),
  celFunc("uint", [STRING], UINT, (text) => celUint(within(integerOf(text), 0n, 2n ** 64n))),
  celFunc("double", [STRING], DOUBLE, numberOf),
  celMethod("contains", STRING, [STRING], BOOL, function (part) {
    return contains(this, part);
  }),
  ...TIME_FUNCTIONS,
];

function integerOf(text: string): bigint {
  if (!INTEGER.test(text)) throw new Error("the text is no whole number");
  return BigInt(text);
}

function within(value: bigint, least: bigint, beyond: bigint): bigint {
  if (value < least || value >= beyond) throw new Error("the number is out of range");
  return value;
}

function numberOf(text: string): number {
  if (text.length > MAX_NUMBER || !NUMBER.test(text)) throw new Error("the text is no number");
  return Number(text);
}

/** By Knuth, Morris and Pratt where the part is long: in linear time, whatever somebody makes of both. */
export function contains(text: string, part: string): boolean {
  if (part.length <= SHORT) return text.includes(part);
  const back = new Int32Array(part.length);
  for (let at = 1, length = 0; at < part.length; at++) {
    length = step(part, back, length, part.charCodeAt(at));
    back[at] = length;
  }
  for (let at = 0, length = 0; at < text.length; at++) {
    length = step(part, back, length, text.charCodeAt(at));
    if (length === part.length) return true;
  }
  return false;
}

/** How much of the part's beginning ends with this unit, when so much of it ended before. */
function step(part: string, back: Int32Array, before: number, unit: number): number {
  let length = before;
  while (length > 0 && part.charCodeAt(length) !== unit) length = back[length - 1] ?? 0;
  return part.charCodeAt(length) === unit ? length + 1 : length;
}
