import type { RecordedEvent } from "@countersign/event-log";
import { ATTRIBUTES, isSampled, startSpan } from "@countersign/telemetry";

type Sent = { readonly last: number; readonly span: NonNullable<ReturnType<typeof startSpan>> };

/**
 * Spans of what the relay publishes: one for what goes together, from sending it to JetStream's acknowledgement of the last event. It is part of the first trace that is kept among these
 * events, and links to the others: nothing hangs below it, as who hears of an event goes on from what the event itself names.
 */
export class RelayObserver {
  readonly #sent: Sent[] = [];

  /** These were just sent, in order of the log. */
  published(events: readonly RecordedEvent[]): void {
    const kept = events.filter(({ traceparent }) => isSampled(traceparent));
    const [first] = kept;
    const last = events.at(-1);
    if (first === undefined || last === undefined) return;
    const links = kept.map(({ traceparent }) => traceparent).filter((traceparent) => traceparent !== first.traceparent);
    const attributes = {
      [ATTRIBUTES.messagingSystem]: "nats",
      [ATTRIBUTES.destination]: last.ledger,
      [ATTRIBUTES.messageCount]: events.length,
    };
    const span = startSpan("publish events", { kind: "producer", attributes, links }, first.traceparent);
    if (span !== undefined) this.#sent.push({ last: last.position, span });
  }

  /** Everything before this position is in JetStream. */
  stored(next: number): void {
    while (this.#sent[0] !== undefined && this.#sent[0].last < next) this.#sent.shift()?.span.end();
  }

  /** What was sent last is to be sent again: these spans have failed. */
  restart(): void {
    for (const { span } of this.#sent.splice(0)) span.setAttribute(ATTRIBUTES.errorType, "lost").end();
  }
}
