import { z } from "zod";

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

const FORM = /^\d{1,9}[smhd]$/;

/** `90s`, `15m`, `1h`, `7d`, as text, up to `most`; see `durationSeconds`. One of another form has no length to be wrong about. */
export function durationSchema(most: string) {
  const fits = (text: string) => durationSeconds(text) >= 1 && durationSeconds(text) <= durationSeconds(most);
  return z
    .string()
    .regex(FORM, "must be a duration such as 90s, 15m, 1h or 7d")
    .refine((text) => !FORM.test(text) || fits(text), `must be 1s to ${most}`);
}

export function durationSeconds(text: string): number {
  return Number.parseInt(text, 10) * (UNIT_SECONDS[text.slice(-1)] ?? Number.NaN);
}
