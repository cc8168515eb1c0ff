import type { ArchiveHeader } from "../header.ts";
import type { FlawList } from "./flaws.ts";
import { Asks, DIGEST, HASH_WORDS, isNone, LEAF, ROW_WORDS, sameWords, STREAM_LINK, type SegmentRows } from "./segment-facts.ts";
import { HEAD_DEADLINE, HEAD_DIGEST, HEAD_EXPIRY, HEAD_LEAF, HEAD_VERSION, StreamTable, type StreamHead } from "./stream-table.ts";

/** That each stream is dense and linked: no event of an action was left out, and no two follow the same one. Then, what its events say about each other. */
export class Streams {
  readonly #table = new StreamTable();
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
    return this.#table.count;
  }

  /** The state of a stream whose next entry is this one. */
  open(name: string, rows: SegmentRows, row: number): StreamHead {
    const { head, known } = this.#table.find(name);
    const version = rows.versions[row] ?? 0;
    if (!known && version > 1 && this.#mayContinue(name)) {
      this.continued += 1;
      believe(head, rows, row);
    }
    return head;
  }

  /** Checks the entry against what its stream held before, and moves the stream on. */
  add(head: StreamHead, rows: SegmentRows, row: number): void {
    const { words, word, numbers, number } = head;
    const at = row * ROW_WORDS;
    if (this.#lost.size > 0 && this.#lost.has(textOf(rows, at + STREAM_LINK))) believe(head, rows, row);
    const version = rows.versions[row] ?? 0;
    const before = numbers[number + HEAD_VERSION] ?? 0;
    if (version !== before + 1) this.#flaw("STREAM_VERSION", rows, row, `version ${version} of its stream follows ${before}`);
    if (!sameWords(rows.hashes, at + STREAM_LINK, words, word + HEAD_LEAF)) {
      this.#flaw("STREAM_LINK", rows, row, "the link to the previous event of the stream leads elsewhere");
    }
    numbers[number + HEAD_VERSION] = version;
    copy(rows, at + LEAF, head, HEAD_LEAF);
    if ((rows.asks[row] ?? 0) !== 0) this.#answer(head, rows, row);
  }

  /** An entry was altered, so nobody knows its stream: what links to it is believed, so that one wrong entry is one flaw. */
  lose(rows: SegmentRows, row: number): void {
    if (this.#lost.size < MOST_LOST) this.#lost.add(textOf(rows, row * ROW_WORDS + LEAF));
  }

  /** Everything after a verdict is about the digest that the verdict fixed, votes come before the deadline and redemptions before the expiry. */
  #answer(head: StreamHead, rows: SegmentRows, row: number): void {
    const { words, word, numbers, number } = head;
    const asks = rows.asks[row] ?? 0;
    const digest = row * ROW_WORDS + DIGEST;
    const time = rows.times[row] ?? 0;
    // No comparison with what is not a number holds.
    const deadline = numbers[number + HEAD_DEADLINE] ?? Number.NaN;
    const expiry = numbers[number + HEAD_EXPIRY] ?? Number.NaN;
    if (
      (asks & Asks.sameDigest) !== 0 &&
      !isNone(words, word + HEAD_DIGEST) &&
      !sameWords(rows.hashes, digest, words, word + HEAD_DIGEST)
    ) {
      this.#flaw("ACTION_DIGEST", rows, row, "it is about another digest than the verdict before it");
    }
    if ((asks & Asks.beforeDeadline) !== 0 && time >= deadline)
      this.#flaw("TIME", rows, row, "a vote was cast after the review's deadline");
    if ((asks & Asks.beforeExpiry) !== 0 && time >= expiry) this.#flaw("TIME", rows, row, "the grant was redeemed after it had expired");
    if ((asks & Asks.setsDigest) !== 0) copy(rows, digest, head, HEAD_DIGEST);
    if ((asks & Asks.setsDeadline) !== 0) numbers[number + HEAD_DEADLINE] = rows.ends[row] ?? Number.NaN;
    if ((asks & Asks.setsExpiry) !== 0) numbers[number + HEAD_EXPIRY] = rows.ends[row] ?? Number.NaN;
  }

  /** Policies are there from their first revision on; anything else may have begun before the period, if there was a before. */
  #mayContinue(name: string): boolean {
    return this.#header.firstSequence > 1 && !isPolicy(name);
  }

  #flaw(code: "STREAM_VERSION" | "STREAM_LINK" | "ACTION_DIGEST" | "TIME", rows: SegmentRows, row: number, detail: string): void {
    this.#flaws.add({ code, position: rows.positions[row] ?? 0, detail });
  }
}

export const isPolicy = (name: string): boolean => name.startsWith("policy\0");

function believe(head: StreamHead, rows: SegmentRows, row: number): void {
  head.numbers[head.number + HEAD_VERSION] = (rows.versions[row] ?? 0) - 1;
  copy(rows, row * ROW_WORDS + STREAM_LINK, head, HEAD_LEAF);
}

function copy({ hashes }: SegmentRows, from: number, { words, word }: StreamHead, column: number): void {
  for (let at = 0; at < HASH_WORDS; at += 1) words[word + column + at] = hashes[from + at] ?? 0;
}

const textOf = ({ hashes }: SegmentRows, at: number): string => hashes.subarray(at, at + HASH_WORDS).join();

const MOST_LOST = 10_000;
