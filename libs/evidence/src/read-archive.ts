import { EvidenceError } from "./error.ts";
import { MANIFEST, MAX_MANIFEST_BYTES, MAX_MEMBER_BYTES } from "./members.ts";
import { BLOCK, paddingOf, readTarHeader, TAR_END, tarHeader } from "./tar.ts";

export type Member = {
  readonly name: string;
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
    const body = await bytes.take(size);
    const padding = await bytes.take(paddingOf(size));
    if (body === undefined || padding === undefined) throw broken(`the archive ends within ${printable(name)}`, offset);
    if (padding.some((byte) => byte !== 0)) faults.push("there are bytes in its padding");
    yield { name, body, offset, faults };
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

/** Takes exact lengths from chunks of any length. */
class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);
  offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** The next `size` bytes, undefined if there are fewer. */
  async take(size: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let missing = size;
    for (;;) {
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.length);
      missing -= part.length;
      parts.push(part);
      if (missing === 0) break;
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    this.offset += size;
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }
}
