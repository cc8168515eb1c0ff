import { sign, verify } from "node:crypto";
import { TlogError } from "./error.ts";
import { formatKeyId, sameKey, type SignerKey, type VerifierKey } from "./key.ts";
import { checkNoteText, type NoteSignature, type SignedNote } from "./note.ts";
import { formatText } from "./text.ts";

/** A signature that verified, with the key that it is from. */
export type VerifiedSignature = {
  readonly key: VerifierKey;
  readonly signature: NoteSignature;
  /** Unix seconds at which a cosignature was made; undefined for a note signature. */
  readonly time: number | undefined;
};

/** The exact bytes that a key signs: the text alone, or for a cosignature the time and the text. A key in a KMS signs these. */
export function signedMessage(key: VerifierKey, text: string, time?: number): Buffer {
  checkNoteText(text);
  if (key.kind === "note") return formatText(text);
  return formatText(`cosignature/v1\ntime ${checkTime(time)}\n${text}`);
}

/** The signature line for 64 bytes of Ed25519 that were made elsewhere over `signedMessage`. */
export function noteSignature(key: VerifierKey, ed25519: Uint8Array, time?: number): NoteSignature {
  if (ed25519.length !== SIGNATURE_BYTES) throw new TlogError("signature_malformed", "an Ed25519 signature has 64 bytes");
  const signature = key.kind === "note" ? ed25519 : Buffer.concat([formatTime(checkTime(time)), ed25519]);
  return { name: key.name, keyId: key.id, signature };
}

/** Signs a note's text, with any key; `time` (Unix seconds) is for cosignature keys, which need it. Throws `timestamp_out_of_range`. */
export function signNote(text: string, signer: SignerKey, time?: number): NoteSignature {
  return noteSignature(signer.verifier, sign(null, signedMessage(signer.verifier, text, time), signer.handle), time);
}

/**
 * Verifies every signature of a known key and ignores all others. Throws `signature_invalid` if one of them is wrong, even beside good ones,
 * `signature_missing` if none is from a known key, and `key_ambiguous` if two known keys share name and id.
 */
export function verifyNote(note: SignedNote, keys: readonly VerifierKey[]): readonly VerifiedSignature[] {
  const verified = note.signatures.flatMap((signature) => {
    const key = findKey(signature, keys);
    return key === undefined ? [] : [verifySignature(note.text, signature, key)];
  });
  if (verified.length === 0) throw new TlogError("signature_missing", "the note has no signature of a known key");
  return verified;
}

/** Verifies one signature over a note's text. Throws `signature_invalid`. */
export function verifySignature(text: string, signature: NoteSignature, key: VerifierKey): VerifiedSignature {
  const { time, ed25519 } = splitSignature(signature, key);
  if (signature.name !== key.name || signature.keyId !== key.id) throw invalid(key);
  if (!verify(null, signedMessage(key, text, time), key.handle, ed25519)) throw invalid(key);
  return { key, signature, time };
}

function findKey(signature: NoteSignature, keys: readonly VerifierKey[]): VerifierKey | undefined {
  const [key, ...others] = keys.filter(({ name, id }) => name === signature.name && id === signature.keyId);
  if (key !== undefined && others.some((other) => !sameKey(other, key))) {
    throw new TlogError("key_ambiguous", `two different keys are known as ${key.name}+${formatKeyId(key)}`);
  }
  return key;
}

function splitSignature({ signature }: NoteSignature, key: VerifierKey): { time: number | undefined; ed25519: Uint8Array } {
  const timed = key.kind === "cosignature";
  if (signature.length !== (timed ? TIME_BYTES : 0) + SIGNATURE_BYTES) throw invalid(key);
  if (!timed) return { time: undefined, ed25519: signature };
  const time = Buffer.from(signature.subarray(0, TIME_BYTES)).readBigUInt64BE();
  // A time that no number holds exactly is some 285 million years away: nobody honest signed it.
  if (time < 1n || time > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(key);
  return { time: Number(time), ed25519: signature.subarray(TIME_BYTES) };
}

function checkTime(time: number | undefined): number {
  if (time === undefined || !Number.isSafeInteger(time) || time < 1) {
    throw new TlogError("timestamp_out_of_range", "a cosignature is made at a whole number of Unix seconds after 0");
  }
  return time;
}

function formatTime(time: number): Buffer {
  const bytes = Buffer.alloc(TIME_BYTES);
  bytes.writeBigUInt64BE(BigInt(time));
  return bytes;
}

const invalid = (key: VerifierKey) =>
  new TlogError("signature_invalid", `the signature of ${key.name}+${formatKeyId(key)} does not verify`);

const SIGNATURE_BYTES = 64;
const TIME_BYTES = 8;
