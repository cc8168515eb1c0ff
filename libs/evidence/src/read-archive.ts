import { EvidenceError } from "./error.ts";
import { MANIFEST, MAX_MANIFEST_BYTES, MAX_MEMBER_BYTES } from "./members.ts";
import { withRoom } from "./room.ts";
import { BLOCK, paddingOf, readTarHeader, TAR_END, tarHeader } from "./tar.ts";

export type Member = {
  readonly name: string;
  /** Good until the next member is asked for, which may be written over it: whoever keeps bytes of it copies them. */
  readonly body: Buffer;
  /** Of its header in the archive. */
  readonly offset: number;
  /** What is wrong with how it is wrapped, in words; empty when nothing is. */
  readonly faults: readonly string[];
};

/**
 * The members of an archive, one at a time. Believes nothing: the container must be exactly as we write it, sizes are limited before anything is read, and
 * names are handed on as text and never used as paths.
 * @throws EvidenceError `archive_malformed` or `too_large` where it cannot go on
 */
export async function* readMembers(source: AsyncIterable<Uint8Array>): AsyncGenerator<Member> {
  const bytes = new ByteSource(source);
  try {
    yield* membersOf(bytes);
  } finally {
    await bytes.close();
  }
}

async function* membersOf(bytes: ByteSource): AsyncGenerator<Member> {
  for (;;) {
    const offset = bytes.offset;
    const header = await bytes.take(BLOCK);
    if (header === undefined) throw broken("the archive ends without its end mark", offset);
    if (header.equals(TAR_END.subarray(BLOCK))) return await expectEnd(bytes, offset);
    const claimed = readTarHeader(header);
    if (claimed === undefined) throw broken("what stands here is no header of a member", offset);
    const { name, size } = claimed;
    const limit = name === MANIFEST ? MAX_MANIFEST_BYTES : MAX_MEMBER_BYTES;
    if (size > limit) throw new EvidenceError("too_large", `a member claims ${size} bytes, more than ${limit}`, { offset });
    const faults = header.equals(tarHeader(name, size)) ? [] : ["its tar header is not the one that belongs to its name and size"];
    const padded = await bytes.take(size + paddingOf(size));
    if (padded === undefined) throw broken(`the archive ends within ${printable(name)}`, offset);
    if (padded.subarray(size).some((byte) => byte !== 0)) faults.push("there are bytes in its padding");
    yield { name, body: padded.subarray(0, size), offset, faults };
  }
}

/** A name that somebody else chose, fit to be printed. */
export const printable = (name: string): string => JSON.stringify(name).replaceAll(/[^\u0020-\u007e]/g, "?");

async function expectEnd(bytes: ByteSource, offset: number): Promise<void> {
  const second = await bytes.take(BLOCK);
  if (second === undefined || second.some((byte) => byte !== 0)) throw broken("the end mark is not two blocks of zeros", offset);
  if ((await bytes.take(1)) !== undefined) throw broken("there is something behind the end of the archive", offset + 2 * BLOCK);
}

const broken = (message: string, offset: number): EvidenceError => new EvidenceError("archive_malformed", message, { offset });

/** Takes exact lengths from chunks of any length. A chunk is done with when the next one is asked for, so that a source may read all of them into one buffer. */
class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);
  /** For what lies in several chunks. */
  #joined = Buffer.allocUnsafeSlow(0);
  offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** The next `size` bytes, undefined if there are fewer. They are good until the next call. */
  async take(size: number): Promise<Buffer | undefined> {
    this.offset += size;
    if (size <= this.#rest.length) return this.#split(size);
    let length = this.#join(0, this.#rest.length);
    while (length < size) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      length = this.#join(length, Math.min(size - length, this.#rest.length));
    }
    return this.#joined.subarray(0, size);
  }

  /** Whatever the source holds open, it can let go of. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #split(size: number): Buffer {
    const part = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return part;
  }

  /** Puts the next bytes of the chunk behind those that are joined already, and tells how many these are then. Room grows with what came: a claimed length is only a claim. */
  #join(length: number, more: number): number {
    this.#joined = withRoom(this.#joined, length, more);
    this.#split(more).copy(this.#joined, length);
    return length + more;
  }
}
