import { ValueType } from "@opentelemetry/api";
import { AggregationTemporality, DataPointType, type SumMetricData } from "@opentelemetry/sdk-metrics";
import { hrTime, Series, type Labels } from "./series.ts";

/** Counts what happens. */
export class Counter {
  readonly #name: string;
  readonly #description: string;
  readonly #series = new Series(() => ({ startedAt: Date.now(), sum: 0, recentFrom: Date.now(), recent: 0 }));

  constructor(name: string, description: string) {
    this.#name = name;
    this.#description = description;
  }

  add(times: number, labels: Labels = {}): void {
    // One that goes down looks like a restart, and no number at all would stay.
    if (!(times >= 0 && times < Infinity)) return;
    const series = this.#series.of(labels);
    series.sum += times;
    series.recent += times;
  }

  /** Sums since the start, or what came since deltas were asked for last. */
  collect(temporality: AggregationTemporality): SumMetricData {
    const now = Date.now();
    const delta = temporality === AggregationTemporality.DELTA;
    const told = [...this.#series.all()].filter(({ cell }) => !delta || cell.recent !== 0);
    const dataPoints = told.map(({ labels, cell }) => {
      const [from, value] = delta ? [cell.recentFrom, cell.recent] : [cell.startedAt, cell.sum];
      if (delta) Object.assign(cell, { recentFrom: now, recent: 0 });
      return { startTime: hrTime(from), endTime: hrTime(now), attributes: labels, value };
    });
    const descriptor = { name: this.#name, description: this.#description, unit: "", valueType: ValueType.DOUBLE };
    return { descriptor, aggregationTemporality: temporality, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
  }
}
