import { resourceFromAttributes } from "@opentelemetry/resources";
import type { AggregationTemporality, MetricProducer } from "@opentelemetry/sdk-metrics";
import { Counter } from "./counter.ts";
import { Timing } from "./timing.ts";

/**
 * Makes what counts and times, and tells the SDK's readers of it. The SDK's own instruments allocated 20 KB for an action, a twelfth of all that it takes; see test/bench/findings/telemetry.md.
 */
export class Meter {
  readonly #made: (Counter | Timing)[] = [];

  counter(name: string, description: string): Counter {
    return this.#keep(new Counter(name, description));
  }

  timing(name: string, description: string, bounds?: number[]): Timing {
    return this.#keep(new Timing(name, description, bounds));
  }

  /** For a reader. At most one may want deltas: what it is told begins anew. */
  producer(temporality: AggregationTemporality): MetricProducer {
    const scope = { name: "countersign" };
    return {
      collect: async () => {
        const metrics = this.#made.map((made) => made.collect(temporality)).filter(({ dataPoints }) => dataPoints.length > 0);
        return { resourceMetrics: { resource: resourceFromAttributes({}), scopeMetrics: [{ scope, metrics }] }, errors: [] };
      },
    };
  }

  #keep<Made extends Counter | Timing>(made: Made): Made {
    this.#made.push(made);
    return made;
  }
}
