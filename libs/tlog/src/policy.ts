import type { VerifierKey } from "./key.ts";
import { sameKey } from "./key.ts";
import { TlogError } from "./error.ts";
import { openCheckpoint, type OpenedCheckpoint } from "./checkpoint.ts";
import type { VerifiedSignature } from "./signing.ts";

/** What an auditor pins (c2sp.org/tlog-policy): whose checkpoints count, and which witnesses must have seen them. */
export type TrustPolicy = {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  readonly quorum: Quorum;
};

/** A log that is trusted to sign; its key's name is its origin. */
export type PolicyLog = { readonly key: VerifierKey; readonly url: string | undefined };

/** A cosigner; `name` has a meaning only inside the policy. */
export type PolicyWitness = { readonly name: string; readonly key: VerifierKey; readonly url: string | undefined };

/** Which witnesses suffice. A group has been met when at least `threshold` of its members have. */
export type Quorum =
  | { readonly kind: "none" }
  | { readonly kind: "witness"; readonly witness: PolicyWitness }
  | { readonly kind: "group"; readonly name: string; readonly threshold: number; readonly members: readonly Quorum[] };

/** A checkpoint that a policy accepts. */
export type AcceptedCheckpoint = OpenedCheckpoint & {
  /** Verified cosignatures of the policy's witnesses, with their times. */
  readonly cosignatures: readonly VerifiedSignature[];
};

/** Whether cosignatures by these keys meet the quorum. */
export function meetsQuorum(quorum: Quorum, cosigners: readonly VerifierKey[]): boolean {
  switch (quorum.kind) {
    case "none":
      return true;
    case "witness":
      return cosigners.some((key) => sameKey(key, quorum.witness.key));
    case "group":
      return quorum.members.filter((member) => meetsQuorum(member, cosigners)).length >= quorum.threshold;
  }
}

/**
 * Reads a signed checkpoint and accepts it if one of the policy's logs has signed it and its witnesses meet the quorum. Throws `quorum_missed`, or what
 * `openCheckpoint` throws.
 */
export function acceptCheckpoint(bytes: Uint8Array, policy: TrustPolicy): AcceptedCheckpoint {
  const witnesses = policy.witnesses.map(({ key }) => key);
  const opened = openCheckpoint(
    bytes,
    policy.logs.map(({ key }) => key),
    witnesses,
  );
  const cosignatures = opened.signatures.filter(({ key }) => witnesses.some((witness) => sameKey(witness, key)));
  const cosigners = cosignatures.map(({ key }) => key);
  if (!meetsQuorum(policy.quorum, cosigners))
    throw new TlogError("quorum_missed", "too few witnesses of the policy have cosigned this checkpoint");
  return { ...opened, cosignatures };
}
