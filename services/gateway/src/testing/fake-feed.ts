import type { EventFeed } from "@countersign/bus";
import type { RecordedEvent } from "@countersign/event-log";

/** A feed that says what a test lets it say. */
export class FakeFeed implements EventFeed {
  readonly listeners = new Set<{ readonly tenant: string | undefined; readonly tell: (event: RecordedEvent) => void }>();

  subscribe(tell: (event: RecordedEvent) => void, filter: { readonly tenant?: string } = {}): () => void {
    const listener = { tenant: filter.tenant, tell };
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** What matters of an event to those who wait. */
  say(tenant: string, id: string, streamVersion: number, more: Partial<RecordedEvent> = {}): void {
    const nothing = new Uint8Array();
    const event: RecordedEvent = {
      ledger: "main",
      position: 0,
      stream: { tenant, type: "action", id },
      streamVersion,
      tenantSequence: 1,
      eventId: nothing,
      type: "VoteCast",
      schemaVersion: 1,
      time: new Date(0),
      actor: undefined,
      traceparent: "",
      data: nothing,
      entry: nothing,
      leafHash: nothing,
      ...more,
    };
    for (const listener of this.listeners) if (listener.tenant === undefined || listener.tenant === tenant) listener.tell(event);
  }
}
