import { statusName, type CountersignError } from "@countersign/client";
import type { Action } from "@countersign/proto/v1/action_pb";

/** Something that a client was told, and may rely on from then on. */
export type Acknowledgement = {
  readonly step: "requested" | "decided" | "voted" | "redeemed" | "reported";
  /** The intended action, by the id of its resource. */
  readonly intent: string;
  readonly client: string;
  readonly actionId: string;
  readonly version: number;
  readonly status: string;
  /** For a redemption: where the log has it. */
  readonly position: number | undefined;
};

/** What the clients of one run saw. */
export class History {
  readonly acknowledged: Acknowledgement[] = [];
  readonly #notes: string[] = [];
  readonly #refusals = new Map<string, number>();
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  readonly #started = performance.now();

  acknowledge(step: Acknowledgement["step"], intent: string, client: string, action: Action | undefined, position?: bigint): void {
    if (action === undefined) throw new Error(`${step} was acknowledged without the action`);
    const { id, version, status } = action;
    this.acknowledged.push({
      step,
      intent,
      client,
      actionId: id,
      version: Number(version),
      status: statusName(status),
      position: position === undefined ? undefined : Number(position),
    });
    for (const { count, resolve } of this.#waiting) if (this.acknowledged.length >= count) resolve();
  }

  /** A call failed for good, or its outcome is not known. */
  refused(error: CountersignError): void {
    const what = `${error.code} ${error.reason}`;
    this.#refusals.set(what, (this.#refusals.get(what) ?? 0) + 1);
  }

  note(text: string): void {
    this.#notes.push(`${Math.round(performance.now() - this.#started)} ms, after ${this.acknowledged.length}: ${text}`);
  }

  /** Resolves once so many acknowledgements are in. */
  reached(count: number): Promise<void> {
    if (this.acknowledged.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  describe(): string {
    const refusals = [...this.#refusals].map(([what, times]) => `${what} x${times}`);
    return [...this.#notes, `acknowledged: ${this.acknowledged.length}`, `refused: ${refusals.join(", ") || "none"}`].join("\n");
  }
}
