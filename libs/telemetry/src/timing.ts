import { context, trace, type Attributes, type Histogram, type Meter, type Span } from "@opentelemetry/api";
import type { Exemplars } from "./exemplars.ts";
import { isKept } from "./traceparent.ts";

/** Answers of a system: 1 ms to 30 s. */
export const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Answers of people: a second to a week. */
export const HUMAN_SECONDS = [0.1, 1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400, 604_800];

/** A histogram of seconds whose buckets name a trace each. */
export class Timing {
  readonly #histogram: Histogram;
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #exemplars: Exemplars;

  constructor(meter: Meter, exemplars: Exemplars, name: string, description: string, bounds: number[] = LATENCY_SECONDS) {
    this.#histogram = meter.createHistogram(name, { description, unit: "s", advice: { explicitBucketBoundaries: bounds } });
    this.#name = name;
    this.#bounds = bounds;
    this.#exemplars = exemplars;
  }

  /** @param span whose trace the bucket names if it is kept; default: the active one. */
  record(seconds: number, attributes: Attributes, span?: Span): void {
    this.#histogram.record(seconds, attributes);
    const measured = span === undefined ? trace.getSpanContext(context.active()) : span.spanContext();
    if (measured === undefined || !isKept(measured)) return;
    const above = this.#bounds.findIndex((bound) => seconds <= bound);
    this.#exemplars.offer(this.#name, attributes, above < 0 ? this.#bounds.length : above, seconds, measured);
  }
}
