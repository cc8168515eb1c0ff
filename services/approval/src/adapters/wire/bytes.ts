import type { Hex } from "../../domain/values.ts";

/** To be encoded at once: they share a pool with others, and what keeps one of them keeps the pool. */
export function fromHex(hex: Hex): Buffer<ArrayBuffer> {
  return Buffer.from(hex, "hex");
}
