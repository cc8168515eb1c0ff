/** An escape, a class, a group's two ends, a repetition, or any other character. */
const PART = /\\Q[^]*?(?:\\E|$)|\\[pP]\{[^}]*\}|\\[^]|\[\^?\]?(?:\\[^]|\[:\w+:\]|[^\]\\])*\]|\(|\)|\{(\d+)(?:,(\d*))?\}|[^]/gu;

/**
 * About how many states RE2 makes of a pattern, before it makes them: a thousand times what stands in a group, and that again for the group around it, in twenty
 * characters. Counts what a repetition repeats as often as it may come.
 */
export function patternSize(pattern: string): number {
  const open: number[] = [];
  let size = 0;
  let last = 0;
  for (const [part, least, most] of pattern.matchAll(PART)) {
    if (part === "(") {
      open.push(size);
      [size, last] = [0, 0];
    } else if (part === ")") {
      last = size + 1;
      size = (open.pop() ?? 0) + last;
    } else if (least === undefined) {
      last = part.length > 2 && part.startsWith("\\Q") ? part.length : 1;
      size += last;
    } else {
      // A repetition of a repetition repeats all of it.
      const added = last * (Math.max(1, Number(least), Number(most ?? 0)) - 1);
      [size, last] = [size + added, last + added];
    }
  }
  return open.reduce((total, before) => total + before, size);
}
