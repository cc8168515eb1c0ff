import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { UsageError } from "../errors.ts";

/** Remembers in a file where a replay is, so that the next one goes on there. Written after what it names has arrived: a crash repeats, and never skips. */
export class Cursor {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The position to go on from; nothing when there is no such file yet. */
  read(): number | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw new UsageError(`cannot read ${this.#path}: ${error instanceof Error ? error.message : String(error)}`);
    }
    const position = Number(/^(\d{1,16})\n$/.exec(text)?.[1] ?? Number.NaN);
    if (!Number.isSafeInteger(position)) throw new UsageError(`${this.#path} is no cursor: it must hold one position and a line end`);
    return position;
  }

  write(position: number): void {
    const next = `${this.#path}.next`;
    writeFileSync(next, `${position}\n`, { flush: true });
    renameSync(next, this.#path);
  }
}
