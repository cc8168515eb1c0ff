/** Counted, with the positions of the first of them. */
export type Count = { readonly count: number; readonly positions: readonly number[] };
export type Line = Count & { readonly subject: string; readonly detail: string };

const MAX_POSITIONS = 20;
const MAX_LINES = 100;
/** Beyond this, subjects that are new are counted, and in no line. */
const MAX_SUBJECTS = 1000;

type Growing = { count: number; readonly positions: number[] };

/** How often something of one kind happened, and by whom. Takes the same memory however often that was. */
export class Tally {
  readonly #all: Growing = { count: 0, positions: [] };
  readonly #lines = new Map<string, Growing & { readonly subject: string; readonly detail: string }>();

  add(position: number, subject = "", detail = ""): void {
    grow(this.#all, position);
    if (subject === "" && detail === "") return;
    const key = `${subject}\0${detail}`;
    const line = this.#lines.get(key) ?? { subject, detail, count: 0, positions: [] };
    if (line.count === 0 && this.#lines.size >= MAX_SUBJECTS) return;
    this.#lines.set(key, line);
    grow(line, position);
  }

  get total(): Count {
    return this.#all;
  }

  /** The most frequent first. */
  lines(): readonly Line[] {
    return [...this.#lines.values()]
      .toSorted((a, b) => b.count - a.count || (a.positions[0] ?? 0) - (b.positions[0] ?? 0))
      .slice(0, MAX_LINES);
  }
}

function grow(count: Growing, position: number): void {
  count.count += 1;
  if (count.positions.length < MAX_POSITIONS) count.positions.push(position);
}
