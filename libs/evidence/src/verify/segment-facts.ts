import type { Found } from "./inputs.ts";
import type { FlawList } from "./flaws.ts";
import type { SegmentPart } from "../members.ts";

export type SegmentBytes = Readonly<Partial<Record<SegmentPart, Buffer>>>;

/** A segment to look at on its own. `begin`: how many leaves of the tree lie before it. */
export type SegmentJob = SegmentPlace & { readonly parts: SegmentBytes };
export type SegmentPlace = { readonly segment: number; readonly begin: number };

/** What an entry asks of its stream's state, which may have begun in another segment. Bits, so that an entry can ask for several. */
export const Asks = {
  /** It is about the digest that the stream's last verdict fixed. */
  sameDigest: 1,
  /** It fixes that digest. */
  setsDigest: 2,
  /** It comes before the deadline of the review. */
  beforeDeadline: 4,
  /** It sets that deadline, or takes it away. */
  setsDeadline: 8,
  beforeExpiry: 16,
  setsExpiry: 32,
  /** The input that waits for a verdict in the stream is gone from here on. */
  dropsInput: 64,
  /** A verdict on an input of an earlier segment. */
  judgesInput: 128,
  /** No entry at all, or not the one that the tree holds. */
  lost: 256,
} as const;

/** Words of 32 bits in a hash. */
export const HASH_WORDS = 8;
/** Hashes of a row, in this order. */
export const LEAF = 0;
export const STREAM_LINK = 1 * HASH_WORDS;
export const TENANT_LINK = 2 * HASH_WORDS;
export const DIGEST = 3 * HASH_WORDS;
export const ROW_WORDS = 4 * HASH_WORDS;

/**
 * What a segment says once everything in it that needs no other segment was checked: a row in columns for each of its entries. Numbers and words only, so that it passes
 * from thread to thread without being copied.
 */
export type SegmentRows = {
  readonly count: number;
  readonly positions: Float64Array<ArrayBuffer>;
  readonly sequences: Float64Array<ArrayBuffer>;
  readonly versions: Float64Array<ArrayBuffer>;
  /** Milliseconds since 1970. */
  readonly times: Float64Array<ArrayBuffer>;
  /** The deadline or expiry that it sets; not a number when there is none. */
  readonly ends: Float64Array<ArrayBuffer>;
  readonly asks: Uint16Array<ArrayBuffer>;
  /** Index in `names`. */
  readonly streams: Uint32Array<ArrayBuffer>;
  /** ROW_WORDS for each row. A link that is absent is zeros. */
  readonly hashes: Int32Array<ArrayBuffer>;
};

export type SegmentFacts = {
  readonly rows: SegmentRows;
  /** Streams: type, NUL, id. */
  readonly names: readonly string[];
  /** The segment's part of the tree, from left to right, as far as it can be joined without what lies before. */
  readonly tree: readonly { readonly level: number; readonly hash: Uint8Array }[];
  /** Inputs without a verdict at the segment's end. */
  readonly inputs: readonly { readonly name: string; readonly input: Found }[];
  /** What rows that ask to judge an input say. */
  readonly verdicts: ReadonlyMap<number, { readonly digest: Uint8Array; readonly bindingContext: readonly string[] }>;
  /** Payloads of events that are few, and read as a whole by who has their messages. */
  readonly whole: readonly { readonly position: number; readonly type: string; readonly data: Uint8Array }[];
  /** Contents that are not there: hex digest, and the position of the entry that names it. */
  readonly absent: readonly (readonly [string, number])[];
  /** Positions of entries whose content is gone, and of the events behind the archive that erased it, as it claims. */
  readonly erasedLater: readonly (readonly [number, number])[];
  /** Policy revisions of verdicts, each with the position of the first. */
  readonly revisions: readonly (readonly [number, number])[];
  readonly counts: SegmentCounts;
  /** Hex SHA-256 of the members. */
  readonly digests: Readonly<Partial<Record<SegmentPart, string>>>;
  readonly flaws: Pick<FlawList, "listed" | "count">;
};

/** How often each check was made, or could not be. */
export type SegmentCounts = {
  /** Contents that were checked. */
  contents: number;
  /** Contents that are not in the archive. */
  absentContents: number;
  /** Contents that events behind the archive erased, as it claims. */
  erasedLater: number;
  /** Payloads of types or versions that this build does not know. */
  unknown: number;
  votes: number;
  /** Votes whose key is not known. */
  votesUnverified: number;
  digests: number;
  /** Verdicts on input that was erased or lies before the period. */
  digestsUnverified: number;
};

export const noCounts = (): SegmentCounts => ({
  contents: 0,
  absentContents: 0,
  erasedLater: 0,
  unknown: 0,
  votes: 0,
  votesUnverified: 0,
  digests: 0,
  digestsUnverified: 0,
});

export function emptyRows(positions: Float64Array<ArrayBuffer>): SegmentRows {
  const count = positions.length;
  return {
    count,
    positions,
    sequences: new Float64Array(count),
    versions: new Float64Array(count),
    times: new Float64Array(count),
    ends: new Float64Array(count).fill(Number.NaN),
    asks: new Uint16Array(count),
    streams: new Uint32Array(count),
    hashes: new Int32Array(count * ROW_WORDS),
  };
}

export function sameWords(one: Int32Array, at: number, other: Int32Array, otherAt: number): boolean {
  for (let word = 0; word < HASH_WORDS; word += 1) if (one[at + word] !== other[otherAt + word]) return false;
  return true;
}

export function isNone(words: Int32Array, at: number): boolean {
  return sameWords(words, at, NONE, 0);
}

const NONE = new Int32Array(HASH_WORDS);
