import { noteSignature, signedMessage, verifierKey } from "@countersign/tlog";
import type { CheckpointSigner, SigningKey } from "./ports.ts";

/** What a deployment signs with, before it is bound to the origin of an epoch. */
export type LogKeys = {
  /** Every one of them signs: two during a rotation. */
  readonly signing: readonly SigningKey[];
  /** Public keys that signed earlier. */
  readonly retired: readonly Uint8Array[];
};

/** The origin of an epoch: a name of its own for each, as no two logs may share one. */
export const originOf = (log: string, epoch: number): string => `${log}/${epoch}`;

/** The keys under the name of one epoch's origin. Equal keys under another name are other keys, so a signature counts for one epoch only. */
export function signerFor(log: string, epoch: number, { signing, retired }: LogKeys): CheckpointSigner {
  const origin = originOf(log, epoch);
  const pairs = signing.map((key) => ({ key, verifier: verifierKey(origin, "note", key.publicKey) }));
  const keys = pairs.map(({ verifier }) => verifier);
  return {
    origin,
    keys,
    known: [...keys, ...retired.map((publicKey) => verifierKey(origin, "note", publicKey))],
    sign: (text) =>
      Promise.all(pairs.map(async ({ key, verifier }) => noteSignature(verifier, await key.sign(signedMessage(verifier, text))))),
  };
}
