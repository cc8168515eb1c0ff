import { expect, it } from "vitest";
import type { JsonValue } from "../domain/input.ts";
import { input } from "../testing/policies.ts";
import { compileConditions } from "./cel-conditions.ts";
import { contains } from "./cel-functions.ts";

function run(source: string, value: JsonValue = "") {
  const compiled = compileConditions([source.replaceAll("$", "action.properties.x")]);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.conditions({ ...input, action: { name: "db.export", properties: { x: value } } })(0);
}

it.each<[string, JsonValue]>([
  ["int($) < 10", ""],
  ["int($) < 10", " 5 "],
  ["int($) < 10", "0x5"],
  ["int($) < 10", "5e0"],
  ["int($) > 10", "9223372036854775808"],
  ["uint($) < 10u", ""],
  ["uint($) < 10u", "-1"],
  ["double($) < 10.0", ""],
  ["double($) < 10.0", "\n"],
  ["double($) < 10.0", "0x5"],
  ["double($) < 10.0", "0".repeat(100)],
  ["timestamp($) < now", ""],
  ["timestamp($) < now", "2026-02-30T00:00:00Z"],
  ["timestamp($) < now", "2026-02-29T00:00:00+01:00"],
  ["timestamp($) < now", "2026-02-01T24:00:00Z"],
  ["timestamp($) < now", "2026-02-01T00:00:60Z"],
  ["timestamp($) < now", "2026-02-01T00:00:00"],
  ["timestamp($) < now", "0000-01-01T00:00:00Z"],
  ["timestamp(int($)) > now", "253402300800"],
  ["now.getHours($) == 11", "Mars/Base"],
  ["now.getHours($) == 11", ""],
])("P7: %s cannot be evaluated where it is %j", (source, value) => {
  expect(run(source, value)).toHaveProperty("failure");
});

it.each<[string, JsonValue]>([
  ["int($) == -9223372036854775808", "-9223372036854775808"],
  ["uint($) == 18446744073709551615u", "18446744073709551615"],
  ["double($) == -1500.0", "-1.5e3"],
  ["timestamp($) == timestamp('2024-02-29T23:30:00.5Z')", "2024-03-01T00:00:00.500+00:30"],
  ["timestamp(1795428000) == now && int(now) == 1795428000", ""],
  ["timestamp($).getFullYear() == 50 && timestamp($).getFullYear('Europe/Berlin') == 50", "0050-06-01T00:00:00Z"],
  ["now.getHours($) == 15 && now.getMinutes($) == 30", "+05:30"],
  ["now.getHours($) == 8 && now.getMinutes($) == 30", "-01:30"],
  ["now.getHours($) == 11 && now.getDate($) == 23 && now.getDayOfMonth($) == 22 && now.getMonth($) == 10", "Europe/Berlin"],
  ["now.getDayOfWeek($) == 1 && now.getDayOfYear($) == 326 && now.getMilliseconds($) == 0", "Asia/Tokyo"],
  // Where the machine is, such an hour may be missing, and a day begin an hour earlier.
  ["timestamp('2026-03-29T02:30:00Z').getHours() == 2 && timestamp('2026-07-01T00:30:00Z').getDayOfYear() == 181", ""],
  ["timestamp('2026-03-29T02:30:00Z').getHours($) == 2", "Africa/Abidjan"],
  ["timestamp('2026-03-28T23:00:00Z').getHours($) == 0", "Europe/Berlin"],
])("%s holds where it is %j", (source, value) => {
  const { TZ } = process.env;
  process.env["TZ"] = "Europe/Berlin";
  try {
    expect(run(source, value)).toBe(true);
  } finally {
    if (TZ === undefined) delete process.env["TZ"];
    else process.env["TZ"] = TZ;
  }
});

it("finds every long part that is there, and no other", () => {
  for (const letters of ["ab", "aab", "abaabaaab"]) {
    const text = letters.repeat(300).slice(0, 700);
    for (const part of [
      text.slice(1, 500),
      text.slice(200),
      `${text.slice(3, 260)}c`,
      `c${text.slice(0, 400)}`,
      `${text}a`,
      `${text.slice(0, 300)}b${text.slice(0, 300)}`,
    ])
      for (const within of [text, `${part.slice(1)}${part}`, `${text}${part.slice(0, -1)}`])
        expect(contains(within, part)).toBe(within.includes(part));
  }
});
