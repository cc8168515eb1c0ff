import type { Hex } from "../../domain/values.ts";

/** Bytes with a buffer of their own: those of `Buffer.from` share a pool, and these live as long as a cached state. */
export function fromHex(hex: Hex): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(hex, "hex"));
}
