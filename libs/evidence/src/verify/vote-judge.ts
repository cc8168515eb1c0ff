import { formatGrantKeys, readGrantKeys, type GrantKey } from "../grant-keys.ts";
import { EntryFields, Field } from "./entry-fields.ts";
import { PLANS } from "./payload-plans.ts";
import { Votes } from "./votes.ts";
import { WireFields } from "./wire-fields.ts";

/** `wrong`: also what is no entry. `other`: of another type, or a version that this build does not know. */
export type VoteJudgement = "good" | "wrong" | "unknown_key" | "other";

/** Judges the signature of an entry's vote, of either kind, by these keys: as an archive's verifier does, for whoever has the log itself. */
export function voteJudge(grantKeys: readonly GrantKey[]): (entry: Uint8Array) => VoteJudgement {
  const keys = readGrantKeys(formatGrantKeys(grantKeys));
  if (keys === undefined) throw new TypeError("these are no Ed25519 keys");
  const [fields, payload] = [new EntryFields(), new WireFields()];
  return (entry) => {
    const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
    if (!fields.read(bytes, 0, bytes.length)) return "wrong";
    const type = fields.text(Field.type);
    if (type !== "VoteCast" && type !== "BreakGlassUsed") return "other";
    if (fields.number(Field.schemaVersion) !== 1) return "other";
    let isGood = payload.read(bytes, fields.begin(Field.data), fields.end(Field.data));
    const votes = new Votes(keys, PLANS, () => (isGood = false));
    if (!isGood || !votes.add(type, fields, payload) || !isGood) return "wrong";
    return votes.unverified > 0 ? "unknown_key" : "good";
  };
}
