/** Bytes of a tar block (POSIX.1-1988 ustar). */
export const BLOCK = 512;

/** What ends an archive: two blocks of zeros, and nothing behind them. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK);

/**
 * The one header that a member of this name and size can have: a plain file, mode 0644, owner and time 0. A reader compares whole headers, so nothing can be
 * hidden in a field that others read and we do not.
 */
export function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100, "latin1");
  header.write("0000644\0", 100, "latin1");
  header.write("0000000\0", 108, "latin1");
  header.write("0000000\0", 116, "latin1");
  header.write(`${size.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  header.write("00000000000\0", 136, "latin1");
  header.write("        ", 148, "latin1");
  header.write("0", 156, "latin1");
  header.write("ustar\u000000", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

/** Name and size as a header claims them; undefined where they cannot be read. Nothing else of the header is looked at. */
export function readTarHeader(header: Uint8Array): { readonly name: string; readonly size: number } | undefined {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  const name = bytes.toString("latin1", 0, 100).replace(/\0+$/, "");
  const size = /^([0-7]{11})\0$/.exec(bytes.toString("latin1", 124, 136))?.[1];
  return size === undefined ? undefined : { name, size: Number.parseInt(size, 8) };
}

/** Zeros between a member's last byte and the next block. */
export const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;
