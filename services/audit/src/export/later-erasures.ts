import { decodeEvent } from "@countersign/events";
import { pagesFrom, type TenantReader } from "./tenant-log.ts";

/**
 * Contents that are erased while an export is made, by events behind its checkpoint, which the archive cannot hold: it names their positions instead. An erasure takes the
 * content away in the transaction that appends its event, so whoever finds the content gone finds the event.
 */
export class LaterErasures {
  readonly #log: TenantReader;
  readonly #tenant: string;
  readonly #found = new Map<string, number>();
  #next: number;

  /** `from`: the checkpoint's size. */
  constructor(log: TenantReader, tenant: string, from: number) {
    this.#log = log;
    this.#tenant = tenant;
    this.#next = from;
  }

  /** Positions of these events so far, by the hex digest of what they erased. */
  async untilNow(): Promise<ReadonlyMap<string, number>> {
    for await (const page of pagesFrom(this.#log, this.#tenant, this.#next)) {
      for (const event of page) {
        this.#next = event.position + 1;
        if (event.type !== "ContentErased") continue;
        const erased = decodeEvent(event);
        if (erased.type !== "ContentErased") continue;
        for (const digest of erased.data.digests) this.#found.set(Buffer.from(digest).toString("hex"), event.position);
      }
    }
    return this.#found;
  }
}
