import type { FaultKind } from "./plan.ts";

/** Of one kind: how often it was done, and how often something was felt of it. */
export type Count = { readonly done: number; readonly felt: number };

/** What became of the faults of a run. */
export class Tally {
  readonly #counts = new Map<FaultKind, Count>();

  add(kind: FaultKind, felt: string | undefined): void {
    const { done, felt: before } = this.#counts.get(kind) ?? { done: 0, felt: 0 };
    this.#counts.set(kind, { done: done + 1, felt: before + (felt === undefined ? 0 : 1) });
  }

  get counts(): Readonly<Record<string, Count>> {
    return Object.fromEntries(this.#counts);
  }

  /** Kinds that only seem to be faults. One that came up once may have met nobody: a silent connection, a stream that had not grown. */
  problems(): readonly string[] {
    return [...this.#counts].flatMap(([kind, { done, felt }]) =>
      done > 1 && felt === 0 ? [`the fault ${kind} was done ${done} times, and nothing was felt of it`] : [],
    );
  }
}
