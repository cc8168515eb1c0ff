/** Name and width of each column. */
export type Columns = readonly (readonly [name: string, width: number])[];

/** One line of a table, each cell padded to its column. */
export function tableLine(columns: Columns, cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(columns[index]?.[1] ?? 0))
    .join("  ")
    .trimEnd();
}

/** A table with its heading on standard output. */
export function printTable(columns: Columns, rows: readonly (readonly string[])[]): void {
  const names = columns.map(([name]) => name);
  for (const cells of [names, ...rows]) print(tableLine(columns, cells));
}

/** A line on standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
