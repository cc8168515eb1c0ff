import { hash } from "node:crypto";
import type { ContentRecord } from "../segment.ts";
import { parseContents } from "../segment.ts";
import { withRoom } from "../room.ts";
import type { FlawList } from "./flaws.ts";
import { isText } from "./text-of-bytes.ts";

/** A segment's contents, each checked against its salted hash when it is asked for. */
export class SegmentContents {
  readonly #records: readonly ContentRecord[];
  readonly #known = new Map<string, ContentRecord["content"]>();
  readonly #flaws: FlawList;
  readonly #member: string;
  #next = 0;
  #entriesLost = false;
  checked = 0;
  /** Not in the archive, by hex digest, with the position of the entry that names it. */
  readonly absent = new Map<string, number>();
  /** Erased by events behind the archive, as it claims: positions of the entry and of that event. */
  readonly erasedLater: [number, number][] = [];

  constructor(bytes: Buffer, member: string, flaws: FlawList) {
    const { records, rest } = parseContents(bytes);
    this.#records = records;
    this.#flaws = flaws;
    this.#member = member;
    if (rest > 0) flaws.add({ code: "CONTENT", member, detail: `its last ${rest} bytes are no record` });
  }

  /** The content that an entry refers to; undefined if it was erased or is wrong. Records stand in the order in which entries first refer to them. */
  find(digest: Buffer, position: number): ContentRecord["content"] {
    const key = digest.toString("latin1");
    if (this.#known.has(key)) return this.#known.get(key);
    const content = this.#take(digest, position);
    this.#known.set(key, content);
    return content;
  }

  /** An entry was altered: nobody knows what it referred to, so records that nobody else asks for are passed over. */
  lose(): void {
    this.#entriesLost = true;
  }

  /** After the last entry: no record may be left. */
  end(): void {
    const left = this.#records.length - this.#next;
    if (left > 0)
      this.#flaws.add({ code: "CONTENT", member: this.#member, detail: `no entry of the segment refers to its last ${left} records` });
  }

  #take(digest: Buffer, position: number): ContentRecord["content"] {
    const flaw = (detail: string): undefined => {
      this.#flaws.add({ code: "CONTENT", position, member: this.#member, detail });
    };
    if (this.#entriesLost) {
      const at = this.#records.findIndex((candidate, number) => number >= this.#next && Buffer.compare(candidate.digest, digest) === 0);
      if (at >= 0) this.#next = at;
    }
    const record = this.#records[this.#next];
    if (record === undefined) return flaw("content that the entry refers to has no record");
    this.#next += 1;
    if (Buffer.compare(record.digest, digest) !== 0) return flaw("the record of the content is for another hash than the entry's");
    const { content, erasedAt } = record;
    if (erasedAt !== undefined) {
      this.erasedLater.push([position, erasedAt]);
      return undefined;
    }
    if (content === undefined) {
      this.absent.set(digest.toString("hex"), position);
      return undefined;
    }
    if (!isText(digestOf(content), digest)) return flaw("the content is not the one whose hash the entry holds");
    this.checked += 1;
    return content;
  }
}

/** SHA-256(salt || body), as `contentDigest` has it, as a text of bytes. */
function digestOf({ salt, body }: NonNullable<ContentRecord["content"]>): string {
  const length = salt.length + body.length;
  salted = withRoom(salted, 0, length);
  salted.set(salt);
  salted.set(body, salt.length);
  return hash("sha256", salted.subarray(0, length), "binary");
}

let salted = Buffer.allocUnsafeSlow(16_384);
