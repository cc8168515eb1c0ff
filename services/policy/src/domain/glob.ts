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
  return (name) => segmentsMatch(wanted, name.split("."));
}

/** Matches any text: `*` stands for any run of characters, also none. There is no escape; a condition can compare exactly. */
export function textGlob(pattern: string): (text: string) => boolean {
  if (isLiteralPattern(pattern)) return (text) => text === pattern;
  const [start = "", ...rest] = pattern.split("*");
  const end = rest.pop() ?? "";
  return (text) => {
    if (!text.startsWith(start) || !text.endsWith(end)) return false;
    // Each part as early as it comes leaves most for those behind it.
    let at = start.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - end.length;
  };
}

/** The usual two-pointer walk: only the last `**` is ever reconsidered, so the cost is at most the product of the lengths. */
function segmentsMatch(pattern: readonly string[], segments: readonly string[]): boolean {
  let at = 0;
  let resumeAt = -1;
  let resumeSegment = 0;
  for (let segment = 0; segment < segments.length;) {
    const want = pattern[at];
    if (want === "**") {
      resumeAt = ++at;
      resumeSegment = segment;
    } else if (want === "*" || want === segments[segment]) {
      at++;
      segment++;
    } else if (resumeAt >= 0) {
      at = resumeAt;
      segment = ++resumeSegment;
    } else {
      return false;
    }
  }
  while (pattern[at] === "**") at++;
  return at === pattern.length;
}
