import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };

/** Microseconds of a time such as `1ms` or `500us`. @throws InvalidArgumentError for anything else, and for more than ten seconds */
export function parseDelay(text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,6}(?:\.\d{1,3})?)(us|ms|s)$/.exec(text) ?? [];
  const micros = Math.round(Number(digits) * (UNITS[unit] ?? 0));
  if (digits === "" || micros < 1 || micros > 10_000_000) throw new InvalidArgumentError(`"${text}" is no time such as 1ms or 500us`);
  return micros;
}

/** The arguments without the delay: what the same command runs with underneath. */
export function withoutDelay(args: readonly string[]): readonly string[] {
  return args.filter((arg, index) => !arg.startsWith("--fsync-delay") && args[index - 1] !== "--fsync-delay");
}
