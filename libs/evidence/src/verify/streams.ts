import type { EntryView } from "../entry-view.ts";
import type { ArchiveHeader } from "../header.ts";
import type { FlawList } from "./flaws.ts";

/** What a verifier remembers of a stream: some 250 bytes, the one thing that grows with an archive. */
export type StreamHead = {
  version: number;
  leaf: Uint8Array;
  /** The digest that policy judged last. */
  digest: Uint8Array | undefined;
  /** Undecided by then means expired. */
  reviewDeadline: number | undefined;
  /** Not redeemable from then on. */
  grantExpiry: number | undefined;
};

/** That each stream is dense and linked: no event of an action was left out, and no two follow the same one. */
export class Streams {
  readonly #heads = new Map<string, StreamHead>();
  /** Leaf hashes of altered entries. */
  readonly #lost = new Set<string>();
  readonly #header: ArchiveHeader;
  readonly #flaws: FlawList;
  /** Streams that began before the period. */
  continued = 0;

  constructor(header: ArchiveHeader, flaws: FlawList) {
    this.#header = header;
    this.#flaws = flaws;
  }

  get count(): number {
    return this.#heads.size;
  }

  /** Checks the entry against what its stream held before, and moves the stream on. */
  add({ entry, leaf }: EntryView, position: number): StreamHead {
    const { stream, streamVersion, previousStreamLeaf } = entry;
    const key = `${stream.type}\0${stream.id}`;
    let head = this.#heads.get(key);
    if (head === undefined) {
      head = { version: 0, leaf: NONE, digest: undefined, reviewDeadline: undefined, grantExpiry: undefined };
      this.#heads.set(key, head);
      if (streamVersion > 1 && this.#mayContinue(stream.type)) {
        this.continued += 1;
        head.version = streamVersion - 1;
        head.leaf = previousStreamLeaf;
      }
    }
    if (this.#lost.size > 0 && this.#lost.has(Buffer.from(previousStreamLeaf).toString("latin1"))) {
      head.version = streamVersion - 1;
      head.leaf = previousStreamLeaf;
    }
    if (streamVersion !== head.version + 1) {
      this.#flaws.add({ code: "STREAM_VERSION", position, detail: `version ${streamVersion} of its stream follows ${head.version}` });
    }
    if (Buffer.compare(previousStreamLeaf, head.leaf) !== 0) {
      this.#flaws.add({ code: "STREAM_LINK", position, detail: "the link to the previous event of the stream leads elsewhere" });
    }
    head.version = streamVersion;
    // A copy: the segment's memory must not outlive it.
    head.leaf = Uint8Array.prototype.slice.call(leaf);
    return head;
  }

  /** An entry was altered, so nobody knows its stream: what links to it is believed, so that one wrong entry is one flaw. */
  lose(leaf: Uint8Array): void {
    if (this.#lost.size < MOST_LOST) this.#lost.add(Buffer.from(leaf).toString("latin1"));
  }

  /** Policies are there from their first revision on; anything else may have begun before the period, if there was a before. */
  #mayContinue(type: string): boolean {
    return this.#header.firstSequence > 1 && type !== "policy";
  }
}

const NONE = new Uint8Array();
const MOST_LOST = 10_000;
