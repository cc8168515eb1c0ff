import { ValueType, type Attributes, type HrTime } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  DataPointType,
  type CollectionResult,
  type GaugeMetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";

/** A gauge's value now. */
export type Reading = { readonly value: number; readonly attributes?: Attributes };
export type GaugeNames = Readonly<Record<string, { readonly description: string; readonly unit?: string }>>;
export type Readings<Names extends GaugeNames> = { readonly [Name in keyof Names]: readonly Reading[] };

/** How long a look may take: what hangs is left out. */
const PATIENCE_MS = 2500;

/**
 * Gauges that are looked at when somebody collects. The SDK's own go on telling the last value of what is no longer observed; here, what cannot be read now is not there, so that
 * nothing stale passes for healthy and no alert burns on.
 */
export class Gauges implements MetricProducer {
  readonly #looks = new Set<() => Promise<readonly GaugeMetricData[]>>();

  /** @returns what takes them off again */
  add<Names extends GaugeNames>(names: Names, look: () => Readings<Names> | Promise<Readings<Names>>, freshMs: number): () => void {
    const fresh = remembered(async () => toMetrics(names, await look()), freshMs);
    this.#looks.add(fresh);
    return () => this.#looks.delete(fresh);
  }

  async collect(): Promise<CollectionResult> {
    const found = await Promise.all([...this.#looks].map((look) => inTime(look())));
    const scope = { name: "countersign" };
    return { resourceMetrics: { resource: resourceFromAttributes({}), scopeMetrics: [{ scope, metrics: found.flat() }] }, errors: [] };
  }
}

/** However many collect, one look in so many milliseconds. One that failed is not remembered. */
function remembered<Found>(look: () => Promise<Found>, freshMs: number): () => Promise<Found> {
  let taken: { readonly at: number; readonly found: Promise<Found> } | undefined;
  return () => {
    if (taken === undefined || performance.now() - taken.at >= freshMs) {
      const looking = { at: performance.now(), found: look() };
      taken = looking;
      looking.found.catch(() => {
        if (taken === looking) taken = undefined;
      });
    }
    return taken.found;
  };
}

function inTime(found: Promise<readonly GaugeMetricData[]>): Promise<readonly GaugeMetricData[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly GaugeMetricData[]>((resolve) => {
    timer = setTimeout(() => resolve([]), PATIENCE_MS);
  });
  return Promise.race([found.catch(() => []), late]).finally(() => clearTimeout(timer));
}

function toMetrics<Names extends GaugeNames>(names: Names, readings: Readings<Names>): readonly GaugeMetricData[] {
  const now = Date.now();
  const moment: HrTime = [Math.floor(now / 1000), (now % 1000) * 1e6];
  return Object.entries(names).map(([name, { description, unit = "" }]) => ({
    descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.GAUGE,
    dataPoints: (readings[name] ?? []).map(({ value, attributes = {} }) => ({ startTime: moment, endTime: moment, attributes, value })),
  }));
}
