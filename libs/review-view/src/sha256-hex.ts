import { hash } from "node:crypto";

/** SHA-256 of a text's UTF-8 bytes, in hex: what stands for a text that is shown in part. */
export function sha256Hex(text: string): string {
  return hash("sha256", text);
}
