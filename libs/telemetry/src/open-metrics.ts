import type { Attributes } from "@opentelemetry/api";
import { DataPointType, type DataPoint, type Histogram, type MetricData, type ResourceMetrics } from "@opentelemetry/sdk-metrics";
import type { Exemplar, TimedPoint } from "./timing.ts";

/**
 * Metrics as OpenMetrics text, with exemplars: the format that Prometheus takes them in, which OpenTelemetry's own exporter for Prometheus does not write. Names are translated as
 * its specification says: dots become underscores, the unit is appended, counters end in `_total`.
 */
export function openMetrics({ resource, scopeMetrics }: ResourceMetrics): string {
  const families = scopeMetrics.flatMap(({ metrics }) => metrics).filter(({ dataPoints }) => dataPoints.length > 0);
  const target = `# TYPE target info\n# HELP target Who tells this\ntarget_info${labels(resource.attributes)} 1\n`;
  return `${target}${families.map(family).join("")}# EOF\n`;
}

/** The name that a metric has in Prometheus, without the suffix of its kind. */
export function familyName(name: string, unit: string): string {
  const plain = name.replaceAll(/[^a-zA-Z0-9_:]/g, "_");
  const suffix = UNITS[unit];
  return suffix === undefined || plain.endsWith(`_${suffix}`) ? plain : `${plain}_${suffix}`;
}

const UNITS: Readonly<Record<string, string>> = { s: "seconds", By: "bytes", "1": "ratio" };

function family(metric: MetricData): string {
  const { name, unit, description } = metric.descriptor;
  const prometheus = familyName(name, unit);
  const head = (type: string) => `# TYPE ${prometheus} ${type}\n# HELP ${prometheus} ${escaped(description)}\n`;
  switch (metric.dataPointType) {
    case DataPointType.SUM: {
      const [type, suffix] = metric.isMonotonic ? ["counter", "_total"] : ["gauge", ""];
      return head(type ?? "") + lines(metric.dataPoints, (point) => `${prometheus}${suffix}${labels(point.attributes)} ${point.value}\n`);
    }
    case DataPointType.GAUGE:
      return head("gauge") + lines(metric.dataPoints, (point) => `${prometheus}${labels(point.attributes)} ${point.value}\n`);
    case DataPointType.HISTOGRAM:
      return head("histogram") + lines(metric.dataPoints, (point) => histogram(prometheus, point));
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      throw new Error(`${name} is an exponential histogram; every histogram here has buckets`);
  }
}

function lines<Point>(points: readonly Point[], line: (point: Point) => string): string {
  return points.map(line).join("");
}

function histogram(name: string, { attributes, value, exemplars = [] }: DataPoint<Histogram> & Partial<TimedPoint>): string {
  const { boundaries, counts } = value.buckets;
  let text = "";
  let cumulative = 0;
  for (const [index, count] of counts.entries()) {
    cumulative += count;
    const le = boundOf(boundaries[index]);
    text += `${name}_bucket${labels({ ...attributes, le })} ${cumulative}${exemplarText(exemplars[index])}\n`;
  }
  return `${text}${name}_sum${labels(attributes)} ${value.sum ?? 0}\n${name}_count${labels(attributes)} ${value.count}\n`;
}

/** As a float: the canonical form, into which Prometheus 3 turns any other, so that whoever names a bound finds it there and in Prometheus 2. */
function boundOf(bound = Infinity): string {
  if (bound === Infinity) return "+Inf";
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return "";
  const { traceId, spanId, value, atMs } = exemplar;
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${value} ${(atMs / 1000).toFixed(3)}`;
}

function labels(attributes: Attributes): string {
  const pairs = Object.entries(attributes).map(([name, value]) => `${name.replaceAll(/[^a-zA-Z0-9_]/g, "_")}="${escaped(String(value))}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
