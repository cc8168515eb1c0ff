import { context, INVALID_TRACEID, trace, TraceFlags, type SpanContext } from "@opentelemetry/api";

const FORM = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);

/** The same one is asked about several times in a row: whether it is one, whether it is kept, as a parent. */
let last: { readonly text: string; readonly names: SpanContext | undefined } = { text: "", names: undefined };

/** What a `traceparent` (W3C Trace Context, version 00) names, which is always of somebody else; undefined: the text is none. */
export function readTraceparent(text: string): SpanContext | undefined {
  if (last.text !== text) last = { text, names: parse(text) };
  return last.names;
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
  return `00-${span.traceId}-${span.spanId}-${isKept(span) ? "01" : "00"}`;
}
