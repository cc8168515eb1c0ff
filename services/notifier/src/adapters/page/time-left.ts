const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/** How long somebody still has, in the two largest units and never more than it is; undefined: the time is over. */
export function timeLeft(milliseconds: number): string | undefined {
  if (milliseconds <= 0) return undefined;
  const first = UNITS.findIndex(([, size]) => milliseconds >= size);
  if (first < 0) return "less than a minute";
  let rest = milliseconds;
  const counts = UNITS.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? "" : `${count} ${unit}${count === 1 ? "" : "s"}`;
  });
  return counts.filter((text) => text !== "").join(" ");
}
