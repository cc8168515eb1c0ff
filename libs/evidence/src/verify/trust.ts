import type { KeyObject } from "node:crypto";
import {
  acceptCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  TlogError,
  type Checkpoint,
  type TrustPolicy,
  type VerifierKey,
} from "@countersign/tlog";
import type { FlawList } from "./flaws.ts";

/** What the user pins. Keys that come with an archive are never asked. */
export type Trust = {
  /** Keys of the log; one of them must have signed. */
  readonly keys: readonly VerifierKey[];
  /** Which witnesses must have seen the checkpoint. */
  readonly policy: TrustPolicy | undefined;
  /** Keys of votes by RFC 7638 thumbprint. Undefined: those of the archive, which entries name by that hash and so cannot be exchanged. */
  readonly voteKeys?: ReadonlyMap<string, KeyObject> | undefined;
};

export type TrustedCheckpoint = {
  readonly checkpoint: Checkpoint;
  /** A pinned key has signed it. */
  readonly signed: boolean;
  /** Names of the policy's witnesses that have cosigned it, with the time. */
  readonly witnesses: readonly { readonly name: string; readonly time: number | undefined }[];
  /** Signature lines, whoever they are from. */
  readonly signatures: number;
};

/** Reads the checkpoint and holds it against what the user pins. Undefined only if it is no checkpoint. */
export function judgeCheckpoint(bytes: Uint8Array, trust: Trust, flaws: FlawList): TrustedCheckpoint | undefined {
  const { keys, policy } = trust;
  return attempt("CHECKPOINT", flaws, () => {
    const note = parseNote(bytes);
    const checkpoint = parseCheckpoint(note.text);
    const signed = attempt("CHECKPOINT", flaws, () => openCheckpoint(bytes, [...keys, ...(policy?.logs ?? []).map(({ key }) => key)]));
    const accepted = policy && attempt("WITNESS", flaws, () => acceptCheckpoint(bytes, policy));
    const witnesses = (accepted?.cosignatures ?? []).map(({ key, time }) => ({ name: key.name, time }));
    return { checkpoint, signed: signed !== undefined, witnesses, signatures: note.signatures.length };
  });
}

function attempt<Result>(code: "CHECKPOINT" | "WITNESS", flaws: FlawList, run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    flaws.add({ code, member: "checkpoint", detail: error.message });
    return undefined;
  }
}
