import type { RecordedEvent } from "@countersign/event-log";
import type { DecodedEvent } from "@countersign/events";
import { contentRefs } from "./content-refs.ts";
import { formatCsv } from "./csv.ts";
import { formatContents, formatEntries, formatIndex, type ContentRecord } from "./segment.ts";

/** The contents of an entry that there still are, by hex digest. */
export type Contents = ReadonlyMap<string, { readonly salt: Uint8Array; readonly body: Uint8Array }>;

/** An event to export, its entry exactly as stored, what `readPayload` makes of it, and the contents it refers to as far as they still exist. */
export type ExportedEntry = {
  readonly event: RecordedEvent;
  readonly payload: DecodedEvent | undefined;
  readonly contents: Contents;
  /** Of contents that an event behind the archive's last one erased: that event's position, by hex digest. */
  readonly erasedLater?: ReadonlyMap<string, number | undefined>;
};

/** A segment is closed when it holds this much, so that neither writer nor reader ever hold more. */
const FULL_BYTES = 2 * 1024 * 1024;
export const FULL_ENTRIES = 4096;

/** Entries that gather until they fill a segment. */
export class SegmentBuffer {
  readonly events: RecordedEvent[] = [];
  readonly #contents = new Map<string, ContentRecord>();
  readonly #mostEntries: number;
  #bytes = 0;

  constructor(mostEntries: number) {
    this.#mostEntries = mostEntries;
  }

  get full(): boolean {
    return this.#bytes >= FULL_BYTES || this.events.length >= this.#mostEntries;
  }

  /** Adds an entry with what it refers to. */
  add({ event, payload, contents, erasedLater }: ExportedEntry): void {
    this.events.push(event);
    this.#bytes += event.entry.length;
    for (const digest of payload === undefined ? [] : contentRefs(payload)) {
      const key = hex(digest);
      if (this.#contents.has(key)) continue;
      const content = contents.get(key);
      this.#contents.set(key, { digest, content, erasedAt: erasedLater?.get(key) });
      this.#bytes += 100 + (content?.body.length ?? 0);
    }
  }

  /** The bytes of its members but the tree. */
  format(): Readonly<Record<"index" | "entries" | "contents" | "csv", Buffer>> {
    return {
      index: formatIndex(this.events.map(({ position, leafHash: leaf }) => ({ position, leaf }))),
      entries: formatEntries(this.events.map(({ entry }) => entry)),
      contents: formatContents([...this.#contents.values()]),
      csv: formatCsv(this.events),
    };
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
