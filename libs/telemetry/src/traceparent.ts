import { context, isSpanContextValid, trace } from "@opentelemetry/api";

/** W3C Trace Context, version 00. */
export function isTraceparent(text: string): boolean {
  return /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(text);
}

/** `traceparent` of the active span, or an empty string when nothing is traced. */
export function currentTraceparent(): string {
  const span = trace.getSpanContext(context.active());
  if (span === undefined || !isSpanContextValid(span)) return "";
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, "0")}`;
}
