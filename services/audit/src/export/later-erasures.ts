import type { EventReader, StreamName } from "@countersign/event-log";
import { decodeEvent } from "@countersign/events";
import { LRUCache } from "lru-cache";

/** As far as a stream was read, and what was erased first where: undefined for what an event of the archive erased. */
type Read = { version: number; readonly positions: Map<string, number | undefined> };

/** Streams that are remembered, so that one with many erasures is not read for each. */
const MOST_STREAMS = 256;

/**
 * Contents that events behind an archive erased, which it cannot hold: it names their positions instead. An erasure takes the content away in the transaction that appends its
 * event to the content's own stream, so whoever finds the content gone finds the event there.
 */
export class LaterErasures {
  readonly #log: Pick<EventReader, "readStream">;
  readonly #last: number;
  readonly #streams = new LRUCache<string, Read>({ max: MOST_STREAMS });

  /** `last`: the tenant's number of the archive's last event. By it, not by time: clocks differ, and a millisecond holds many events. */
  constructor(log: Pick<EventReader, "readStream">, last: number) {
    this.#log = log;
    this.#last = last;
  }

  /** By the hex digest of what was erased in the stream so far; undefined, or not there, where no event behind the archive has done it. */
  async of(stream: StreamName): Promise<ReadonlyMap<string, number | undefined>> {
    const key = `${stream.type} ${stream.id}`;
    const read: Read = this.#streams.get(key) ?? { version: 0, positions: new Map() };
    this.#streams.set(key, read);
    for (const event of await this.#log.readStream(stream, read.version)) {
      read.version = event.streamVersion;
      if (event.type !== "ContentErased") continue;
      const { type, data } = decodeEvent(event);
      if (type !== "ContentErased") continue;
      const position = event.tenantSequence > this.#last ? event.position : undefined;
      for (const digest of data.digests) {
        const erased = Buffer.from(digest).toString("hex");
        if (!read.positions.has(erased)) read.positions.set(erased, position);
      }
    }
    return read.positions;
  }
}
