import { randomFillSync } from "node:crypto";

/** UUID version 7 (RFC 9562) of a moment: 48 bits of milliseconds, 74 random bits. 16 bytes. */
export function uuidv7(time: Date): Buffer {
  if (offset === pool.length) {
    randomFillSync(pool);
    offset = 0;
  }
  const id = Buffer.from(pool.subarray(offset, (offset += 16)));
  id.writeUIntBE(time.getTime(), 0, 6);
  id[6] = ((id[6] ?? 0) & 0x0f) | 0x70;
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
  return id;
}

// One call to the system for many ids.
const pool = Buffer.alloc(16 * 256);
let offset = pool.length;
