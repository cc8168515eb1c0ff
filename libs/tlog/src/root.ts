import { checkHash } from "./base64.ts";
import { TlogError } from "./error.ts";

/** Passes if both roots are the same 32 bytes. Throws `root_mismatch`. */
export function checkRoot(computed: Uint8Array, claimed: Uint8Array): void {
  if (!sameBytes(computed, checkHash(claimed, "root")))
    throw new TlogError("root_mismatch", "the hashes do not lead to the root that was claimed");
}

export const sameBytes = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
