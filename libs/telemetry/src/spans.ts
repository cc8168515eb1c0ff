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
  type SpanContext,
  type SpanOptions,
} from "@opentelemetry/api";
import { followsParents, tracer } from "./current.ts";
import { isKept, readTraceparent, writeTraceparent } from "./traceparent.ts";

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
export function startSpan(name: string, details: SpanDetails): Span | undefined {
  const making = tracer();
  if (making === undefined) return undefined;
  const { parent } = details;
  const above = parent === undefined ? trace.getSpanContext(context.active()) : readTraceparent(parent);
  if (isLeftOut(above)) return undefined;
  return making.startSpan(name, optionsOf(details), parent === undefined ? context.active() : below(above));
}

/** Whether a span with this `parent` would be made: what would only be told to it need not be gathered otherwise. */
export function mayTrace(parent: string): boolean {
  return tracer() !== undefined && !isLeftOut(readTraceparent(parent));
}

function isLeftOut(above: SpanContext | undefined): boolean {
  return above !== undefined && followsParents() && !isKept(above);
}

function below(above: SpanContext | undefined): Context {
  return above === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, above);
}

function optionsOf({ kind, attributes, links }: SpanDetails): SpanOptions {
  const options: SpanOptions = {};
  if (kind !== undefined) options.kind = KINDS[kind];
  if (attributes !== undefined) options.attributes = attributes;
  if (links !== undefined) options.links = linksTo(links);
  return options;
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
  return writeTraceparent(span.spanContext());
}

/** Whether somebody keeps the trace that a `traceparent` names. */
export function isSampled(traceparent: string): boolean {
  // Every event of the log comes by here, more than once: most are of traces that nobody keeps.
  if (tracer() === undefined || traceparent === "" || traceparent.endsWith("-00")) return false;
  const names = readTraceparent(traceparent);
  return names !== undefined && isKept(names);
}

function linksTo(traceparents: readonly string[]): Link[] {
  return [...new Set(traceparents)].map(readTraceparent).flatMap((names) => (names === undefined ? [] : [{ context: names }]));
}
