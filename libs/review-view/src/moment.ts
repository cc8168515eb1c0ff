/** A moment as people read it everywhere: `2026-01-31 12:30:05Z`. */
export function moment(time: Date): string {
  return time
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
}
