import type { Attributes, SpanContext } from "@opentelemetry/api";

/** A measurement that can be looked at as a trace. */
export type Exemplar = { readonly traceId: string; readonly spanId: string; readonly value: number; readonly atMs: number };

/** The newest exemplar of each bucket. The SDK keeps none, and the exposition wants one beside a bucket's count. */
export class Exemplars {
  readonly #newest = new Map<string, (Exemplar | undefined)[]>();

  /** Remembers a measurement taken inside of a span that is kept; any other is not worth a link. */
  offer(name: string, attributes: Attributes, bucket: number, value: number, span: SpanContext): void {
    const key = seriesKey(name, attributes);
    const buckets = this.#newest.get(key) ?? [];
    buckets[bucket] = { traceId: span.traceId, spanId: span.spanId, value, atMs: Date.now() };
    this.#newest.set(key, buckets);
  }

  /** What there is for a series, by the index of its bucket. */
  of(name: string, attributes: Attributes): readonly (Exemplar | undefined)[] {
    return this.#newest.get(seriesKey(name, attributes)) ?? [];
  }
}

function seriesKey(name: string, attributes: Attributes): string {
  let key = name;
  for (const attribute of Object.keys(attributes).toSorted()) key += `\n${attribute}\n${String(attributes[attribute])}`;
  return key;
}
