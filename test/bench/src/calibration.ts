import { generateKeyPairSync, sign } from "node:crypto";

const { privateKey } = generateKeyPairSync("ed25519");
const MESSAGE = Buffer.alloc(200);

/**
 * Ed25519 signatures per second of this thread, measured for `milliseconds`. Shared machines change their speed by a factor of two and more for minutes, which nothing
 * else shows: compare rows only where this is about the same.
 */
export function signaturesPerSecond(milliseconds = 100): number {
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < milliseconds; count += 1) sign(null, MESSAGE, privateKey);
  return (count * 1000) / (performance.now() - start);
}
