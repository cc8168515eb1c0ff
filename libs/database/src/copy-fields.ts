/** A field as Postgres sends it in binary; null where the column is null. */
export type CopyField = Buffer | null;

/** What came is not what `COPY ... (format binary)` sends. */
export class CopyFormatError extends Error {
  override readonly name = "CopyFormatError";
}

const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const NONE = Buffer.alloc(0);

/**
 * Takes the binary COPY format apart, however it is cut into chunks. Fields are views into the chunks: copy what is to be kept for long.
 * @see https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"
 */
export class CopyFields {
  #rest: Buffer = NONE;
  #started = false;
  #ended = false;

  /** The rows that are complete with this chunk. */
  take(chunk: Buffer): (readonly CopyField[])[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = this.#started ? 0 : headerLength(bytes);
    if (at < 0) {
      this.#rest = bytes;
      return [];
    }
    this.#started = true;
    const rows: (readonly CopyField[])[] = [];
    while (!this.#ended) {
      const row = readRow(bytes, at);
      if (row === undefined) break;
      at = row.end;
      if (row.fields === undefined) this.#ended = true;
      else rows.push(row.fields);
    }
    this.#rest = bytes.subarray(at);
    return rows;
  }

  /** @throws CopyFormatError unless everything came. */
  end(): void {
    if (!this.#ended || this.#rest.length > 0) throw new CopyFormatError("the copy ended in the middle");
  }
}

/** -1 while it is not all there. */
function headerLength(bytes: Buffer): number {
  if (bytes.length < SIGNATURE.length + 8) return -1;
  if (!bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw new CopyFormatError("this is no binary copy");
  const length = SIGNATURE.length + 8 + bytes.readInt32BE(SIGNATURE.length + 4);
  return bytes.length < length ? -1 : length;
}

/** The row that starts at `at`; without fields it is the trailer. Nothing while it is not all there. */
function readRow(bytes: Buffer, at: number): { readonly fields?: readonly CopyField[]; readonly end: number } | undefined {
  if (bytes.length < at + 2) return undefined;
  const count = bytes.readInt16BE(at);
  let end = at + 2;
  if (count < 0) return { end };
  const fields: CopyField[] = [];
  for (let index = 0; index < count; index += 1) {
    if (bytes.length < end + 4) return undefined;
    const length = bytes.readInt32BE(end);
    end += 4;
    if (length < 0) {
      fields.push(null);
      continue;
    }
    if (bytes.length < end + length) return undefined;
    fields.push(bytes.subarray(end, end + length));
    end += length;
  }
  return { fields, end };
}
