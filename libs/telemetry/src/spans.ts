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
import { sampling, tracer } from "./current.ts";
import { isKept, readTraceparent, writeTraceparent } from "./traceparent.ts";

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER };

export type SpanDetails = {
  /** Default: internal. */
  readonly kind?: keyof typeof KINDS;
  readonly attributes?: Attributes;
  /** `traceparent`s of what else led to it: a vote that ended a wait, events that came together. */
  readonly links?: readonly string[];
};

/**
 * Starts a span of a trace that is kept, which somebody ends.
 * @param parent `traceparent` of the span that it is part of; default: the active one
 * @returns undefined when traces go nowhere, there is no parent, or its trace is not kept. Of such a trace nothing is made at all, and nothing of it goes along.
 */
export function startSpan(name: string, details: SpanDetails, parent?: string): Span | undefined {
  if (tracer() === undefined) return undefined;
  const above = parent === undefined ? trace.getSpanContext(context.active()) : readTraceparent(parent);
  return above !== undefined && isKept(above) ? make(name, details, below(above)) : undefined;
}

/**
 * Starts a span with which a trace may begin: where something comes in that nobody traces yet. If every span could, a trace that is not kept would have to be carried along, so that whoever is
 * next does not begin one.
 * @param parent `traceparent` that came in, or what there is instead
 * @returns undefined when traces go nowhere, or this one is not kept
 */
export function beginSpan(name: string, details: SpanDetails, parent: string): Span | undefined {
  if (tracer() === undefined) return undefined;
  const above = readTraceparent(parent);
  if (above === undefined) return sampling()?.keepsNew() === false ? undefined : make(name, details, ROOT_CONTEXT);
  return isKept(above) || sampling()?.followsParents === false ? make(name, details, below(above)) : undefined;
}

function make(name: string, details: SpanDetails, above: Context): Span | undefined {
  const span = tracer()?.startSpan(name, optionsOf(details), above);
  return span?.isRecording() === true ? span : undefined;
}

function below(above: SpanContext): Context {
  return trace.setSpanContext(ROOT_CONTEXT, above);
}

function optionsOf({ kind, attributes, links }: SpanDetails): SpanOptions {
  const options: SpanOptions = {};
  if (kind !== undefined) options.kind = KINDS[kind];
  if (attributes !== undefined) options.attributes = attributes;
  if (links !== undefined) options.links = linksTo(links);
  return options;
}

/** Runs something inside of a span; what it throws marks the span. Just runs it without one. */
export function inSpan<Result>(span: Span | undefined, work: (span?: Span) => Promise<Result>): Promise<Result> {
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

/** Tells the active span of something that happens below it, for a fraction of what a span of its own costs. @returns false when there is none, or it is over. */
export function tellSpan(event: string, attributes?: Attributes): boolean {
  if (tracer() === undefined) return false;
  const span = trace.getSpan(context.active());
  if (span?.isRecording() !== true) return false;
  span.addEvent(event, attributes);
  return true;
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

/** Whether somebody keeps the trace that a `traceparent` names: else what would only be told to its spans need not be gathered. */
export function isSampled(traceparent: string): boolean {
  // Every event of the log comes by here, more than once: most are of traces that nobody keeps.
  if (tracer() === undefined || traceparent === "" || traceparent.endsWith("-00")) return false;
  const names = readTraceparent(traceparent);
  return names !== undefined && isKept(names);
}

function linksTo(traceparents: readonly string[]): Link[] {
  const links: Link[] = [];
  for (const traceparent of new Set(traceparents)) {
    const names = readTraceparent(traceparent);
    if (names !== undefined) links.push({ context: names });
  }
  return links;
}
