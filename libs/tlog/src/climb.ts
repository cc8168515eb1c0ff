import { checkHash } from "./base64.ts";
import { TlogError } from "./error.ts";

/**
 * Walks from one node up to the root, as RFC 9162 sections 2.1.3.2 and 2.1.4.2 do, and hands over each sibling with the side that it stands on.
 * `position` is the node's number on its level, `last` the number of that level's last node. Throws `proof_length_wrong` or `hash_malformed`.
 */
export function climb(
  from: { readonly position: number; readonly last: number },
  siblings: readonly Uint8Array[],
  join: (sibling: Uint8Array, side: "left" | "right") => void,
): void {
  let { position, last } = from;
  for (const [number, sibling] of siblings.entries()) {
    if (last === 0) throw new TlogError("proof_length_wrong", `the proof has ${siblings.length} hashes where ${number} lead to the root`);
    checkHash(sibling, `proof hash ${number}`);
    const onLeft = position % 2 === 1 || position === last;
    join(sibling, onLeft ? "left" : "right");
    // A last node that is a left child has no sibling: it is its own parent, and grandparent.
    if (onLeft) {
      while (position % 2 === 0 && position !== 0) {
        position /= 2;
        last = Math.floor(last / 2);
      }
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new TlogError("proof_length_wrong", `the proof's ${siblings.length} hashes do not reach the root`);
}
