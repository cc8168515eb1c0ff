const SEGMENT = /^[a-z0-9_-]+$/;

/** True for a pattern that names no action but itself. */
export function isLiteralPattern(pattern: string): boolean {
  return !pattern.includes("*");
}

/** What is wrong with a pattern of dotted names, if anything. */
export function dottedPatternProblem(pattern: string): string | undefined {
  const odd = pattern.split(".").find((segment) => segment !== "*" && segment !== "**" && !SEGMENT.test(segment));
  if (odd === undefined) return undefined;
  if (odd.includes("*")) return `"${odd}": * and ** stand for whole segments between dots`;
  return odd === "" ? "has an empty segment" : `"${odd}": a segment is lower-case letters, digits, _ and -`;
}

/** Matches dotted names: `*` stands for exactly one segment, `**` for any number of them, also none. */
export function dottedGlob(pattern: string): (name: string) => boolean {
  if (isLiteralPattern(pattern)) return (name) => name === pattern;
  const wanted = pattern.split(".");
  return (name) => wildcardMatch(wanted, name.split("."), "**", (want, segment) => want === "*" || want === segment);
}

/** Matches any text: `*` stands for any run of characters, also none. There is no escape; a condition can compare exactly. */
export function textGlob(pattern: string): (text: string) => boolean {
  if (isLiteralPattern(pattern)) return (text) => text === pattern;
  const wanted = [...pattern];
  return (text) => wildcardMatch(wanted, [...text], "*", (want, character) => want === character);
}

/** The usual two-pointer walk: only the last `many` is ever reconsidered, so the cost is at most the product of the lengths. */
function wildcardMatch(
  pattern: readonly string[],
  items: readonly string[],
  many: string,
  one: (want: string, item: string) => boolean,
): boolean {
  let at = 0;
  let resumeAt = -1;
  let resumeItem = 0;
  for (let item = 0; item < items.length;) {
    const want = pattern[at];
    if (want === many) {
      resumeAt = ++at;
      resumeItem = item;
    } else if (want !== undefined && one(want, items[item] ?? "")) {
      at++;
      item++;
    } else if (resumeAt >= 0) {
      at = resumeAt;
      item = ++resumeItem;
    } else {
      return false;
    }
  }
  while (pattern[at] === many) at++;
  return at === pattern.length;
}
