import { CommandError } from "@countersign/bus";
import {
  ATTRIBUTES,
  beginSpan,
  instruments,
  markFailed,
  observing,
  startSpan,
  traceparentOf,
  within,
  type Instruments,
  type SpanDetails,
} from "@countersign/telemetry";
import type { Metadata } from "@grpc/grpc-js";
import { CallCancelled, type CallObserver } from "./rpc-call.ts";

type Span = NonNullable<ReturnType<typeof startSpan>>;

/**
 * Runs a call as a span and a measurement. A wait for people is not part of either: the span ends where the wait begins, and the answer is a span of its own, in the same trace, that
 * links to what ended the wait.
 */
export function observeCall<Reply>(
  method: string,
  metadata: Metadata,
  urgencyOf: (method: string) => string,
  work: (observer: CallObserver) => Promise<Reply>,
): Promise<Reply> {
  // Probes and reflection tell nothing about the service, and come every second.
  return !observing() || method.startsWith("grpc.") ? work(UNOBSERVED) : observed(method, metadata, urgencyOf, work);
}

async function observed<Reply>(
  method: string,
  metadata: Metadata,
  urgencyOf: (method: string) => string,
  work: (observer: CallObserver) => Promise<Reply>,
): Promise<Reply> {
  const measured = instruments() !== undefined;
  const span = beginSpan(method, detailsOf(method), String(metadata.get("traceparent")[0] ?? ""));
  if (!measured && span === undefined) return work(UNOBSERVED);
  const call = new ObservedCall(method, span);
  try {
    const reply = await (span === undefined ? work(call) : within(span, () => work(call)));
    call.end("OK");
    return reply;
  } catch (error) {
    call.end(codeOf(error), error);
    if (measured) countTurnedAway(error, urgencyOf(method));
    throw error;
  }
}

/** Made once for each method: most calls are of traces that nobody keeps. */
const details = new Map<string, SpanDetails>();

function detailsOf(method: string): SpanDetails {
  const known = details.get(method);
  if (known !== undefined) return known;
  const made = { kind: "server", attributes: { [ATTRIBUTES.rpcMethod]: method } } as const;
  details.set(method, made);
  return made;
}

const UNOBSERVED: CallObserver = { parked: () => {}, causedBy: () => {} };

class ObservedCall implements CallObserver {
  readonly #method: string;
  readonly #span: Span | undefined;
  readonly #startedAt = performance.now();
  readonly #causes: string[] = [];
  #parkedAt: number | undefined;

  constructor(method: string, span: Span | undefined) {
    this.#method = method;
    this.#span = span;
  }

  parked(): void {
    if (this.#parkedAt !== undefined) return;
    this.#parkedAt = performance.now();
    this.#span?.addEvent("waits for people or events");
    this.#span?.end();
  }

  causedBy(traceparent: string): void {
    this.#causes.push(traceparent);
  }

  end(code: string, error?: unknown): void {
    const span = this.#parkedAt === undefined ? this.#span : this.#answerSpan();
    span?.setAttribute(ATTRIBUTES.rpcStatus, code);
    if (span !== undefined && error !== undefined) markFailed(span, error);
    const measured = instruments();
    if (measured !== undefined) this.#record(measured, code, span);
    span?.end();
  }

  #record({ rpcServer, rpcWait }: Instruments, code: string, span: Span | undefined): void {
    const attributes = { [ATTRIBUTES.rpcMethod]: this.#method, [ATTRIBUTES.rpcStatus]: code };
    const now = performance.now();
    rpcServer.record(((this.#parkedAt ?? now) - this.#startedAt) / 1000, attributes, span);
    if (this.#parkedAt !== undefined) rpcWait.record((now - this.#parkedAt) / 1000, attributes, span);
  }

  #answerSpan(): Span | undefined {
    if (this.#span === undefined) return undefined;
    const attributes = { [ATTRIBUTES.rpcMethod]: this.#method };
    return startSpan(`answer ${this.#method}`, { attributes, links: this.#causes }, traceparentOf(this.#span));
  }
}

function countTurnedAway(error: unknown, urgency: string): void {
  if (!(error instanceof CommandError) || error.code !== "RESOURCE_EXHAUSTED") return;
  instruments()?.turnedAway.add(1, { [ATTRIBUTES.reason]: error.reason, [ATTRIBUTES.urgency]: urgency });
}

function codeOf(error: unknown): string {
  if (error instanceof CommandError) return error.code;
  return error instanceof CallCancelled ? "CANCELLED" : "INTERNAL";
}
