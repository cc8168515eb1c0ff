/** A buffer with room for `more` bytes behind its first `used` ones, which it has: the same one, if it has that room already. */
export function withRoom(buffer: Buffer<ArrayBuffer>, used: number, more: number): Buffer<ArrayBuffer> {
  if (used + more <= buffer.length) return buffer;
  const larger = Buffer.allocUnsafeSlow(Math.max(used + more, 2 * buffer.length));
  buffer.copy(larger, 0, 0, used);
  return larger;
}
