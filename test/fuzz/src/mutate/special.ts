import type { Random } from "../engine/random.ts";

/** Texts that mean something to a runtime, a screen, a parser or a person. */
export const SPECIAL_TEXTS: readonly string[] = [
  "",
  " ",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "$typeName",
  "length",
  "then",
  "null",
  "undefined",
  "NaN",
  "true",
  "-0",
  "1e999",
  "\u0000",
  "\u001b[2J",
  "\u202e",
  "\u200b",
  "\ufeff",
  "\ufffd",
  "\u0130",
  "e\u0301\u0301\u0301\u0301",
  "\u{1f600}",
  "\ud800",
  "\r\n",
  "\n\n",
  "\\",
  '"',
  "'",
  "<script>",
  "${x}",
  "%s%n",
  "%00",
  "%ff",
  "../../etc/passwd",
  "//",
  "a@b",
  "https://user@[::1]:0/",
  "javascript:alert(1)",
  "2026-02-30T25:61:61Z",
  "+275760-09-13T00:00:00.001Z",
  "0000-00-00T00:00:00Z",
];

const SPECIAL_NUMBERS: readonly string[] = [
  "0",
  "-0",
  "-1",
  "1e308",
  "1e-320",
  "127",
  "256",
  "65536",
  "2147483648",
  "4294967296",
  "9007199254740993",
  "9223372036854775808",
  "18446744073709551616",
  "253402300800",
  "99999999999999999999999999999999",
  "0x7f",
  "1.5",
];

const DEEP = [10, 40, 200, 2000, 20_000];
const BRACKETS: readonly (readonly [string, string])[] = [
  ["[", "]"],
  ["(", ")"],
  ["{", "}"],
  ['{"a":', "}"],
  ["{a: ", "}"],
  ["- ", ""],
  ["!", ""],
  ["-", ""],
  ["not ", ""],
];

export const specialText = (random: Random): string => random.pick(SPECIAL_TEXTS);
export const specialNumber = (random: Random): string => random.pick(SPECIAL_NUMBERS);

/** Something wrapped in itself, now and then deeper than a stack. */
export function nested(random: Random, inner: string): string {
  const [open, close] = random.pick(BRACKETS);
  const depth = random.pick(DEEP);
  return `${open.repeat(depth)}${inner}${random.chance(0.8) ? close.repeat(depth) : ""}`;
}

/** As often as it takes to find out what repeats. */
export function repeated(random: Random, text: string): string {
  return text.repeat(Math.max(2, Math.min(random.length(4000), Math.floor(100_000 / Math.max(1, text.length)))));
}
