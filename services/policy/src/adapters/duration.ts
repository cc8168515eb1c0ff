import { z } from "zod";

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `15m`, `1h`, `7d`, as text; see `durationSeconds`. */
export function durationSchema(maxSeconds: number) {
  return z
    .string()
    .regex(/^\d{1,9}[smhd]$/, "must be a duration such as 90s, 15m, 1h or 7d")
    .refine((text) => durationSeconds(text) >= 1 && durationSeconds(text) <= maxSeconds, `must be 1s to ${maxSeconds}s`);
}

export function durationSeconds(text: string): number {
  return Number.parseInt(text, 10) * (UNIT_SECONDS[text.slice(-1)] ?? Number.NaN);
}
