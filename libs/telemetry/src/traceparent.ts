import { context, INVALID_TRACEID, trace, TraceFlags, type SpanContext } from "@opentelemetry/api";

const FORM = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const LENGTH = 55;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);

/** What texts name that were read or written lately: the same one is asked about by whoever handles a call, and by everybody who hears of its events. */
const known = new Map<string, SpanContext>();
const MOST_KNOWN = 1024;

/** What a `traceparent` (W3C Trace Context, version 00) names; undefined: the text is none. */
export function readTraceparent(text: string): SpanContext | undefined {
  if (text.length !== LENGTH) return undefined;
  const seen = known.get(text);
  if (seen !== undefined) return seen;
  const names = parse(text);
  if (names !== undefined) remember(text, names);
  return names;
}

function remember(text: string, names: SpanContext): void {
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(text, names);
}

function parse(text: string): SpanContext | undefined {
  if (!FORM.test(text)) return undefined;
  const traceId = text.slice(3, 35);
  const spanId = text.slice(36, 52);
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(text.slice(53), 16), isRemote: true };
}

/** W3C Trace Context, version 00. */
export function isTraceparent(text: string): boolean {
  return readTraceparent(text) !== undefined;
}

/** Whether whoever made this span keeps its trace. */
export function isKept({ traceFlags }: SpanContext): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}

/** `traceparent` of the active span, or an empty string when nothing is traced. */
export function currentTraceparent(): string {
  const span = trace.getSpanContext(context.active());
  return span === undefined || span.traceId === INVALID_TRACEID ? "" : writeTraceparent(span);
}

/** The only flag of version 00 is whether the trace is kept. */
export function writeTraceparent(span: SpanContext): string {
  const text = `00-${span.traceId}-${span.spanId}-${isKept(span) ? "01" : "00"}`;
  if (!known.has(text)) remember(text, span);
  return text;
}
