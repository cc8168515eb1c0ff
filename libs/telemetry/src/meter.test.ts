import { MeterProvider, MetricReader, AggregationTemporality, type MetricData } from "@opentelemetry/sdk-metrics";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Meter } from "./meter.ts";
import { Series } from "./series.ts";

const BOUNDS = [0.1, 1, 5];
const LABELS = [{}, { method: "a" }, { method: "a", status: "OK" }, { status: "OK", method: "a" }, { status: "a", method: "OK" }] as const;

class Reader extends MetricReader {
  protected async onShutdown(): Promise<void> {}
  protected async onForceFlush(): Promise<void> {}
}

const measurement = fc.record({
  labels: fc.constantFrom(...LABELS),
  // Halves add up to the same in any order.
  value: fc.integer({ min: 1, max: 20 }).map((halves) => halves / 2),
});

it.each([AggregationTemporality.CUMULATIVE, AggregationTemporality.DELTA])(
  "tells what the SDK's own instruments would: temporality %i",
  async (temporality) => {
    const measurements = fc.array(measurement, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(measurements, measurements, async (first, second) => {
        const reader = new Reader({ aggregationTemporalitySelector: () => temporality });
        const sdk = new MeterProvider({ readers: [reader] }).getMeter("sdk");
        const counter = sdk.createCounter("count", { description: "counts" });
        const histogram = sdk.createHistogram("time", { description: "times", unit: "s", advice: { explicitBucketBoundaries: BOUNDS } });
        const meter = new Meter();
        const [ourCounter, ourTiming] = [meter.counter("count", "counts"), meter.timing("time", "times", BOUNDS)];
        const producer = meter.producer(temporality);
        for (const part of [first, second]) {
          for (const { labels, value } of part) {
            for (const counts of [counter, ourCounter]) counts.add(value, labels);
            for (const times of [histogram, ourTiming]) times.record(value, labels);
          }
          const [theirs, ours] = await Promise.all([reader.collect(), producer.collect()]);
          expect(plain(ours.resourceMetrics.scopeMetrics[0]?.metrics)).toEqual(plain(theirs.resourceMetrics.scopeMetrics[0]?.metrics));
        }
      }),
      { numRuns: 40 },
    );
  },
);

/** Without moments, and without what only the SDK's readers see; series by their labels. */
function plain(metrics: readonly MetricData[] = []) {
  return metrics
    .filter(({ dataPoints }) => dataPoints.length > 0)
    .map(({ descriptor, dataPoints, ...metric }) => ({
      metric: { ...metric },
      name: [descriptor.name, descriptor.description, descriptor.unit],
      points: dataPoints
        .map(({ attributes, value }) => ({ labels: JSON.stringify(attributes, ["method", "status"]), value }))
        .toSorted((a, b) => (a.labels < b.labels ? -1 : 1)),
    }));
}

it.each([Number.NaN, -1, Infinity, -Infinity])(
  "%d is neither timed nor counted: sums never fall, and are always numbers",
  async (value) => {
    const meter = new Meter();
    meter.timing("time", "times").record(value, {});
    const counter = meter.counter("count", "counts");
    counter.add(2);
    counter.add(value);
    const { scopeMetrics } = (await meter.producer(AggregationTemporality.CUMULATIVE).collect()).resourceMetrics;
    expect(scopeMetrics[0]?.metrics).toMatchObject([{ descriptor: { name: "count" }, dataPoints: [{ value: 2 }] }]);
  },
);

it("P7: labels with more values than anybody can draw do not grow without end, and nothing that is counted gets lost", () => {
  const series = new Series(() => ({ count: 0 }));
  for (let turn = 0; turn < 2; turn += 1) for (let value = 0; value < 5000; value += 1) series.of({ tenant: `t${value}` }).count += 1;
  const all = [...series.all()];
  expect(all).toHaveLength(2000);
  expect(all.reduce((sum, { cell }) => sum + cell.count, 0)).toBe(10_000);
  expect(all.at(-1)).toEqual({ labels: { "otel.metric.overflow": true }, cell: { count: 2 * (5000 - 1999) } });
});
