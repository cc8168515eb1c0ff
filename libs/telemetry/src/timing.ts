import { context, trace, ValueType, type Span, type SpanContext } from "@opentelemetry/api";
import {
  AggregationTemporality,
  DataPointType,
  type DataPoint,
  type Histogram,
  type HistogramMetricData,
} from "@opentelemetry/sdk-metrics";
import { hrTime, Series, type Labels } from "./series.ts";
import { isKept } from "./traceparent.ts";

/** Answers of a system: 1 ms to 30 s. */
export const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Answers of people: a second to a week. */
export const HUMAN_SECONDS = [0.1, 1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400, 604_800];

/** A measurement that can be looked at as a trace. */
export type Exemplar = { readonly traceId: string; readonly spanId: string; readonly value: number; readonly atMs: number };
/** What was timed with some labels, and the newest trace of each bucket. */
export type TimedPoint = DataPoint<Histogram> & { readonly exemplars: readonly (Exemplar | undefined)[] };

type Tally = { readonly from: number; count: number; sum: number; min: number; max: number; readonly counts: number[] };
type Timed = { readonly whole: Tally; recent: Tally; readonly exemplars: (Exemplar | undefined)[] };

/** A histogram of seconds whose buckets name a trace each. */
export class Timing {
  readonly #name: string;
  readonly #description: string;
  readonly #bounds: number[];
  readonly #series: Series<Timed>;

  constructor(name: string, description: string, bounds: number[] = LATENCY_SECONDS) {
    this.#name = name;
    this.#description = description;
    this.#bounds = bounds;
    this.#series = new Series(() => ({ whole: this.#empty(), recent: this.#empty(), exemplars: [] }));
  }

  /**
   * A value below zero (a clock was set back) or without end is no measurement: it would make the sum fall, or stay in it.
   * @param span whose trace the bucket names if it is kept; default: the active one
   */
  record(seconds: number, labels: Labels, span?: Span): void {
    if (!(seconds >= 0 && seconds < Infinity)) return;
    const timed = this.#series.of(labels);
    const above = this.#bounds.findIndex((bound) => seconds <= bound);
    const bucket = above < 0 ? this.#bounds.length : above;
    add(timed.whole, seconds, bucket);
    add(timed.recent, seconds, bucket);
    const measured = span === undefined ? trace.getSpanContext(context.active()) : span.spanContext();
    if (measured !== undefined && isKept(measured)) timed.exemplars[bucket] = exemplarOf(seconds, measured);
  }

  /** Everything since the start, or what came since deltas were asked for last. */
  collect(temporality: AggregationTemporality): HistogramMetricData {
    const now = Date.now();
    const delta = temporality === AggregationTemporality.DELTA;
    const told = [...this.#series.all()].filter(({ cell }) => !delta || cell.recent.count > 0);
    const dataPoints = told.map(({ labels, cell }): TimedPoint => {
      const { from, counts, count, sum, min, max } = delta ? cell.recent : cell.whole;
      if (delta) cell.recent = this.#empty();
      const value = { buckets: { boundaries: this.#bounds, counts: [...counts] }, count, sum, ...(count === 0 ? {} : { min, max }) };
      return { startTime: hrTime(from), endTime: hrTime(now), attributes: labels, value, exemplars: cell.exemplars };
    });
    const descriptor = { name: this.#name, description: this.#description, unit: "s", valueType: ValueType.DOUBLE };
    return { descriptor, aggregationTemporality: temporality, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }

  #empty(): Tally {
    return {
      from: Date.now(),
      count: 0,
      sum: 0,
      min: Infinity,
      max: -Infinity,
      counts: [...this.#bounds.map(() => 0), 0],
    };
  }
}

function add(tally: Tally, seconds: number, bucket: number): void {
  tally.count += 1;
  tally.sum += seconds;
  tally.min = Math.min(tally.min, seconds);
  tally.max = Math.max(tally.max, seconds);
  tally.counts[bucket] = (tally.counts[bucket] ?? 0) + 1;
}

function exemplarOf(value: number, { traceId, spanId }: SpanContext): Exemplar {
  return { traceId, spanId, value, atMs: Date.now() };
}
