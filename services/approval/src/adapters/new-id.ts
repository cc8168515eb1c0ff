import { randomFillSync } from "node:crypto";

/** UUID version 7 (RFC 9562) of a moment, as text. */
export function newId(time: Date): string {
  if (offset === pool.length) {
    randomFillSync(pool);
    offset = 0;
  }
  const id = pool.subarray(offset, (offset += 16));
  id.writeUIntBE(time.getTime(), 0, 6);
  id[6] = ((id[6] ?? 0) & 0x0f) | 0x70;
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
  const hex = id.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

// One call to the system for many ids.
const pool = Buffer.alloc(16 * 256);
let offset = pool.length;
