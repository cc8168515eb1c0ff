import { InvalidArgumentError } from "commander";

/** How many of something: a whole number above 0. */
export function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("must be a whole number above 0");
  return value;
}

/** Several, with commas between. */
export function parseCounts(text: string): readonly number[] {
  return text.split(",").map(parseCount);
}

/** How much, in the unit of the option. */
export function parseAmount(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value < Infinity)) throw new InvalidArgumentError("must be a number, 0 or more");
  return value;
}
