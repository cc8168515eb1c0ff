import type { Option } from "commander";

/** What help says of an option: what it is for, what it may be, what it is when left out. A default that nobody could type (no list, no limit, no text) is not named. */
export function optionDescription({ description, argChoices, defaultValue, mandatory }: Option): string {
  const more = [
    ...(mandatory ? ["required"] : []),
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(", ")}`]),
    ...(canBeTyped(defaultValue) ? [`default: ${defaultValue}`] : []),
  ];
  return more.length === 0 ? description : `${description} (${more.join("; ")})`;
}

function canBeTyped(value: unknown): value is string | bigint {
  return (typeof value === "string" && value !== "") || (typeof value === "bigint" && value > 0n);
}
