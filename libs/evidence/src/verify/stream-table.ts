import { hash, randomBytes } from "node:crypto";
import { HASH_WORDS } from "./segment-facts.ts";

/** Words of a stream: its key, the leaf hash of its last event, the digest that policy judged last. */
const KEY_WORDS = 4;
export const HEAD_LEAF = KEY_WORDS;
export const HEAD_DIGEST = KEY_WORDS + HASH_WORDS;
const WORDS = KEY_WORDS + 2 * HASH_WORDS;
/** Numbers of a stream; times are not a number when there is none. */
export const HEAD_VERSION = 0;
export const HEAD_DEADLINE = 1;
export const HEAD_EXPIRY = 2;
const NUMBERS = 3;
const CHUNK = 4096;

/** A stream's state, in place: `words` from `word` on, `numbers` from `number` on. */
export type StreamHead = { readonly words: Int32Array; readonly word: number; readonly numbers: Float64Array; readonly number: number };

/**
 * What a verifier remembers of each stream: 104 bytes, and some 8 to find it. This is the one thing that grows with an archive, by the number of its streams, and
 * some of it must: to notice a second beginning of a stream in one pass is to tell whether any two of n names are equal, which takes memory in proportion to n (Alon, Matias and
 * Szegedy, "The space complexity of approximating the frequency moments", 1996: F-infinity, by reduction from set disjointness). Outside of the heap, so that it costs no collection.
 *
 * A stream goes by 128 bits of SHA-256 over a secret of this run and its name. Whoever made the archive does not know the secret and cannot look for names that meet; n names
 * meet by chance with a probability of n^2 / 2^129.
 */
export class StreamTable {
  readonly #secret = randomBytes(32).toString("hex");
  readonly #words: Int32Array[] = [];
  readonly #numbers: Float64Array[] = [];
  /** Open addressing: row + 1, or 0. */
  #slots = new Int32Array(1024);
  count = 0;

  /** The stream's state, all zeros if it is new. */
  find(name: string): { readonly head: StreamHead; readonly known: boolean } {
    key.write(hash("sha256", this.#secret + name, "binary"), "binary");
    const slot = this.#slotOf(keyWords, 0);
    const row = this.#slots[slot] ?? 0;
    if (row > 0) return { head: this.#head(row - 1), known: true };
    const head = this.#add();
    this.#slots[slot] = this.count;
    if (this.count * 4 > this.#slots.length * 3) this.#grow();
    return { head, known: false };
  }

  /** A stream of the key that was made last. */
  #add(): StreamHead {
    if (this.count % CHUNK === 0) {
      this.#words.push(new Int32Array(CHUNK * WORDS));
      this.#numbers.push(new Float64Array(CHUNK * NUMBERS));
    }
    const head = this.#head(this.count);
    this.count += 1;
    for (let at = 0; at < KEY_WORDS; at += 1) head.words[head.word + at] = keyWords[at] ?? 0;
    head.numbers[head.number + HEAD_DEADLINE] = Number.NaN;
    head.numbers[head.number + HEAD_EXPIRY] = Number.NaN;
    return head;
  }

  #head(row: number): StreamHead {
    const words = this.#words[Math.floor(row / CHUNK)];
    const numbers = this.#numbers[Math.floor(row / CHUNK)];
    if (words === undefined || numbers === undefined) throw new RangeError(`no stream ${row}`);
    return { words, word: (row % CHUNK) * WORDS, numbers, number: (row % CHUNK) * NUMBERS };
  }

  /** Where the key that stands at `at` is, or would be. */
  #slotOf(keys: Int32Array, at: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = (keys[at] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] ?? 0;
      if (row === 0 || this.#hasKey(row - 1, keys, at)) return slot;
    }
  }

  #hasKey(row: number, keys: Int32Array, at: number): boolean {
    const words = this.#words[Math.floor(row / CHUNK)];
    const word = (row % CHUNK) * WORDS;
    for (let index = 0; index < KEY_WORDS; index += 1) if (words?.[word + index] !== keys[at + index]) return false;
    return true;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let row = 0; row < this.count; row += 1) {
      const { words, word } = this.#head(row);
      this.#slots[this.#slotOf(words, word)] = row + 1;
    }
  }
}

/** The key of the stream that is looked for, and the hash that it is the beginning of. */
const key = Buffer.alloc(32);
const keyWords = new Int32Array(key.buffer, key.byteOffset, KEY_WORDS);
