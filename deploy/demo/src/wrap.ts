/** Breaks a line at its spaces, so that no part is wider than `width` except for a word that is; what goes on starts with `hanging`. */
export function wrap(line: string, width: number, hanging = ""): readonly string[] {
  const rows: string[] = [];
  let rest = line;
  while (rest.length > width) {
    // Not in the indentation that the line starts with.
    const start = rest.search(/[^ │┊]/);
    const before = rest.lastIndexOf(" ", width);
    const space = before > Math.max(start, hanging.length) ? before : rest.indexOf(" ", width);
    if (space === -1) break;
    rows.push(rest.slice(0, space).trimEnd());
    rest = hanging + rest.slice(space + 1);
  }
  return [...rows, rest];
}
