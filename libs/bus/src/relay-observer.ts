import type { RecordedEvent } from "@countersign/event-log";
import { ATTRIBUTES, isSampled, startSpan } from "@countersign/telemetry";

type Sent = { readonly last: number; readonly span: NonNullable<ReturnType<typeof startSpan>> };

/** Spans of what the relay publishes: one for the events of one trace that go together, from sending them to JetStream's acknowledgement of the last one. */
export class RelayObserver {
  readonly #sent: Sent[] = [];

  /** These were just sent, in order of the log. */
  published(events: readonly RecordedEvent[]): void {
    for (let start = 0; start < events.length;) {
      const traceparent = events[start]?.traceparent ?? "";
      let end = start + 1;
      while (events[end]?.traceparent === traceparent) end += 1;
      const last = events[end - 1];
      if (last !== undefined && isSampled(traceparent)) this.#start(last, traceparent, end - start);
      start = end;
    }
  }

  /** Everything before this position is in JetStream. */
  stored(next: number): void {
    while (this.#sent[0] !== undefined && this.#sent[0].last < next) this.#sent.shift()?.span.end();
  }

  /** What was sent last is to be sent again: these spans have failed. */
  restart(): void {
    for (const { span } of this.#sent.splice(0)) span.setAttribute(ATTRIBUTES.errorType, "lost").end();
  }

  #start({ ledger, position }: RecordedEvent, parent: string, count: number): void {
    const attributes = { [ATTRIBUTES.messagingSystem]: "nats", [ATTRIBUTES.destination]: ledger, [ATTRIBUTES.messageCount]: count };
    const span = startSpan("publish events", { kind: "producer", parent, attributes });
    if (span !== undefined) this.#sent.push({ last: position, span });
  }
}
