/** Labels of a measurement: few values each. */
export type Labels = Readonly<Record<string, string | boolean>>;

/** As many series as the SDK allows a metric; what comes after them is counted together. */
const MOST = 2000;
const OVERFLOW: Labels = { "otel.metric.overflow": true };

type Node<Cell> = { cell?: Cell; readonly next: Map<string, Map<string | boolean, Node<Cell>>> };

/**
 * The series of one metric. Each is found by going from label to label, as they come: a dozen are asked for in each action, and the SDK sorts the labels and writes them as JSON every
 * time, which is half a kilobyte of garbage.
 */
export class Series<Cell> {
  readonly #make: () => Cell;
  readonly #root: Node<Cell> = { next: new Map() };
  readonly #all = new Map<string, { readonly labels: Labels; readonly cell: Cell }>();

  constructor(make: () => Cell) {
    this.#make = make;
  }

  /** The same for the same labels, in whatever order they are named. */
  of(labels: Labels): Cell {
    let node: Node<Cell> | undefined = this.#root;
    for (const name in labels) node = node?.next.get(name)?.get(labels[name] ?? "");
    return node?.cell ?? this.#learn(labels);
  }

  /** All of them, with their labels. */
  all(): Iterable<{ readonly labels: Labels; readonly cell: Cell }> {
    return this.#all.values();
  }

  #learn(labels: Labels): Cell {
    const key = JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const isNew = !this.#all.has(key);
    if (isNew && this.#all.size >= MOST - 1 && labels !== OVERFLOW) return this.of(OVERFLOW);
    const { cell } = this.#all.get(key) ?? { cell: this.#make() };
    if (isNew) this.#all.set(key, { labels: { ...labels }, cell });
    let node = this.#root;
    for (const name in labels) node = below(node, name, labels[name] ?? "");
    node.cell = cell;
    return cell;
  }
}

function below<Cell>({ next }: Node<Cell>, name: string, value: string | boolean): Node<Cell> {
  const values = next.get(name) ?? new Map<string | boolean, Node<Cell>>();
  next.set(name, values);
  const node = values.get(value) ?? { next: new Map<string, Map<string | boolean, Node<Cell>>>() };
  values.set(value, node);
  return node;
}

/** A moment as the SDK writes it. */
export function hrTime(ms: number): [seconds: number, nanoseconds: number] {
  return [Math.floor(ms / 1000), (ms % 1000) * 1e6];
}
