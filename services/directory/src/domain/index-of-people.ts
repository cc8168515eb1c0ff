const NOBODY: ReadonlySet<string> = new Set();

/** Finds ids by what `keysOf` says of their values. */
export class Index<Value> {
  readonly #ids = new Map<string, Set<string>>();
  readonly #keysOf: (value: Value) => readonly string[];

  constructor(keysOf: (value: Value) => readonly string[]) {
    this.#keysOf = keysOf;
  }

  find(key: string): ReadonlySet<string> {
    return this.#ids.get(key) ?? NOBODY;
  }

  /** Takes an id from where its value was to where it is now. */
  move(id: string, before: Value | undefined, now: Value | undefined): void {
    for (const key of before === undefined ? [] : this.#keysOf(before)) {
      const ids = this.#ids.get(key);
      ids?.delete(id);
      if (ids?.size === 0) this.#ids.delete(key);
    }
    for (const key of now === undefined ? [] : this.#keysOf(now)) {
      const ids = this.#ids.get(key) ?? new Set();
      this.#ids.set(key, ids.add(id));
    }
  }
}
