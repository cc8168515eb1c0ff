import { observe } from "@countersign/telemetry";

/** What the last complete check of this process found, as gauges: nothing before there was one. */
export class LastCheck {
  #found: { readonly flaws: number; readonly events: number; readonly at: number } | undefined;

  ended(found: { readonly flaws: number; readonly events: number }): void {
    this.#found = { ...found, at: Date.now() };
  }

  /** @returns what ends it */
  observe(): () => void {
    return observe(
      {
        "countersign.fsck.flaws": { description: "Flaws that the last complete check of this process found" },
        "countersign.fsck.events": { description: "Events that the last complete check of this process covered" },
        "countersign.fsck.time": { description: "When the last complete check of this process ended", unit: "s" },
      },
      () => {
        const found = this.#found === undefined ? [] : [this.#found];
        return {
          "countersign.fsck.flaws": found.map(({ flaws }) => ({ value: flaws })),
          "countersign.fsck.events": found.map(({ events }) => ({ value: events })),
          "countersign.fsck.time": found.map(({ at }) => ({ value: at / 1000 })),
        };
      },
    );
  }
}
