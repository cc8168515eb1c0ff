import { z } from "zod";

/** A TCP port, 0 to 65535; 0 lets the system choose. */
export const portSetting = z.coerce.number().int().min(0).max(65_535);

/** `true` or `false`, nothing else: a misspelt security switch must not pass for off. */
export const booleanSetting = z.enum(["true", "false"]).transform((text) => text === "true");

/** `500ms`, `30s`, `15m`, `2h`, `7d`; the value is in milliseconds. */
export const durationSetting = z
  .string()
  .regex(/^\d{1,9}(ms|s|m|h|d)$/, "must be a duration such as 500ms, 30s, 15m, 2h or 7d")
  .transform((text) => Number.parseInt(text, 10) * (UNITS[text.replace(/^\d+/, "")] ?? Number.NaN));

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
