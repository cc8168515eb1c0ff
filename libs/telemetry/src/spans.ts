import {
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
} from "@opentelemetry/api";
import { followsParents, tracer } from "./current.ts";
import { isTraceparent } from "./traceparent.ts";

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER };

export type SpanDetails = {
  /** Default: internal. */
  readonly kind?: keyof typeof KINDS;
  readonly attributes?: Attributes;
  /** `traceparent` of the span that this one is part of; default: the active one. */
  readonly parent?: string;
  /** `traceparent`s of what else led to it: a vote that ended a wait, events that came together. */
  readonly links?: readonly string[];
};

/** Starts a span that somebody ends. @returns undefined when traces go nowhere, or this one is not kept: whoever is next goes on with the `traceparent` as it came. */
export function startSpan(name: string, { kind, attributes, parent, links }: SpanDetails): Span | undefined {
  const making = tracer();
  if (making === undefined || (parent !== undefined && followsParents() && isTraceparent(parent) && !isSampled(parent))) return undefined;
  const options = {
    ...(kind === undefined ? {} : { kind: KINDS[kind] }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(links === undefined ? {} : { links: linksTo(links) }),
  };
  return making.startSpan(name, options, parent === undefined ? context.active() : contextOf(parent));
}

/** Runs something inside of a span; what it throws marks the span. Just runs it when traces go nowhere. */
export function inSpan<Result>(name: string, details: SpanDetails, work: (span?: Span) => Promise<Result>): Promise<Result> {
  const span = startSpan(name, details);
  return span === undefined ? work() : spanned(span, work);
}

async function spanned<Result>(span: Span, work: (span: Span) => Promise<Result>): Promise<Result> {
  try {
    return await within(span, () => work(span));
  } catch (error) {
    markFailed(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Runs something with a span as the active one. */
export function within<Result>(span: Span, work: () => Result): Result {
  return context.with(trace.setSpan(context.active(), span), work);
}

/** Marks a span as failed. By the kind of error only: messages may hold what people typed. */
export function markFailed(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute("error.type", errorType(error));
}

/** A name for an error that has few values: its reason or code if it has one, else its class. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  if ("reason" in error && typeof error.reason === "string") return error.reason;
  return error.name;
}

/** `traceparent` of a span. */
export function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

/** Whether somebody keeps the trace that a `traceparent` names. */
export function isSampled(traceparent: string): boolean {
  return tracer() !== undefined && isTraceparent(traceparent) && (Number.parseInt(traceparent.slice(-2), 16) & 1) === 1;
}

function linksTo(traceparents: readonly string[]): Link[] {
  return [...new Set(traceparents)].filter(isTraceparent).map((each) => ({ context: spanContextOf(each) }));
}

function contextOf(traceparent: string): Context {
  return isTraceparent(traceparent) ? trace.setSpanContext(ROOT_CONTEXT, spanContextOf(traceparent)) : ROOT_CONTEXT;
}

function spanContextOf(traceparent: string) {
  const [, traceId = "", spanId = "", flags = "0"] = traceparent.split("-");
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
