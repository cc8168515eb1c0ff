import { type SegmentPart } from "../members.ts";
import { withRoom } from "../room.ts";
import type { SegmentBytes } from "./segment-facts.ts";

/** Where a part lies in the bytes of its segment. */
export type PartPlace = { readonly part: SegmentPart; readonly begin: number; readonly end: number };

/**
 * The parts of one segment, one behind the other in one buffer that is used again for a later segment. New memory for each would cost more than all copying: the kernel hands it
 * out page by page, and V8 looks through its heap each time for buffers that nobody holds any more.
 */
export class SegmentRoom {
  #bytes = Buffer.allocUnsafeSlow(0);
  #used = 0;
  #places: PartPlace[] = [];

  /** Empties it; `bytes` is what it holds from now on, if another buffer than before. Very large ones are let go. */
  clear(bytes = this.#bytes): void {
    this.#bytes = bytes.length <= MOST_KEPT ? bytes : Buffer.allocUnsafeSlow(0);
    this.#used = 0;
    this.#places = [];
  }

  put(part: SegmentPart, body: Buffer): void {
    this.#bytes = withRoom(this.#bytes, this.#used, body.length);
    body.copy(this.#bytes, this.#used);
    this.#places.push({ part, begin: this.#used, end: (this.#used += body.length) });
  }

  /** All that it holds, to be sent elsewhere; what comes back is given to `clear`. */
  get contents(): { readonly bytes: Buffer<ArrayBuffer>; readonly places: readonly PartPlace[] } {
    return { bytes: this.#bytes, places: this.#places };
  }

  /** Views, good until it is cleared. */
  get parts(): SegmentBytes {
    return partsAt(this.#bytes, this.#places);
  }
}

/** The parts that lie at these places. */
export function partsAt(bytes: Buffer, places: readonly PartPlace[]): SegmentBytes {
  return Object.fromEntries(places.map(({ part, begin, end }) => [part, bytes.subarray(begin, end)]));
}

/** Our segments have some 3 MB. */
const MOST_KEPT = 16 * 1024 * 1024;
