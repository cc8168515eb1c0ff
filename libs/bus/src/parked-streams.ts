import type { RecordedEvent } from "@countersign/event-log";
import { sql, type Kysely } from "kysely";
import type { ConsumerKey } from "./checkpoint.ts";

type Stream = RecordedEvent["stream"];

/** The streams that have dead letters: what follows in them must wait, or it would be handled before what it follows. */
export class ParkedStreams {
  readonly #keys = new Set<string>();

  async load<Tables>(database: Kysely<Tables>, { consumer, ledger }: ConsumerKey): Promise<void> {
    const { rows } = await sql<{ tenant: string; stream_type: string; stream_id: string }>`
      select distinct tenant, stream_type, stream_id from bus.dead_letter where consumer = ${consumer} and ledger = ${ledger} and state <> 'discarded'`.execute(
      database,
    );
    this.#keys.clear();
    for (const row of rows) this.add({ tenant: row.tenant, type: row.stream_type, id: row.stream_id });
  }

  get empty(): boolean {
    return this.#keys.size === 0;
  }

  has(stream: Stream): boolean {
    return this.#keys.size > 0 && this.#keys.has(keyOf(stream));
  }

  add(stream: Stream): void {
    this.#keys.add(keyOf(stream));
  }

  remove(stream: Stream): void {
    this.#keys.delete(keyOf(stream));
  }
}

function keyOf({ tenant, type, id }: Stream): string {
  // Tenants and types hold no slash.
  return `${tenant}/${type}/${id}`;
}
