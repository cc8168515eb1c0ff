import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { parseBase64, formatBase64 } from "./base64.ts";
import { TlogError } from "./error.ts";
import { sha256 } from "./leaf.ts";
import { sameBytes } from "./root.ts";
import { isText } from "./text.ts";

/** What a key signs: any note (signed-note type 0x01), or checkpoints together with a time (tlog-cosignature v1, type 0x04). Both are Ed25519. */
export type KeyKind = "note" | "cosignature";

/** A public key that whoever holds this value trusts. */
export type VerifierKey = {
  readonly name: string;
  /** First four bytes of the hash over name, kind and key, big-endian. Tells keys apart; it does not authenticate. */
  readonly id: number;
  readonly kind: KeyKind;
  /** 32 bytes of RFC 8032. */
  readonly publicKey: Uint8Array;
  readonly handle: KeyObject;
};

/** A private key in this process. Keys elsewhere sign the bytes of `signedMessage` and come back through `noteSignature`. */
export type SignerKey = { readonly verifier: VerifierKey; readonly handle: KeyObject };

/** A verifier key out of its parts. Throws `key_malformed`. */
export function verifierKey(name: string, kind: KeyKind, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw new TlogError("key_malformed", "a key name is not empty and has neither spaces nor plus");
  if (publicKey.length !== KEY_BYTES) throw new TlogError("key_malformed", `an Ed25519 public key has 32 bytes, not ${publicKey.length}`);
  const typed = Buffer.concat([Buffer.of(TYPE_BYTE[kind]), publicKey]);
  const id = sha256(Buffer.concat([Buffer.from(`${name}\n`), typed])).readUInt32BE();
  const handle = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: "der", type: "spki" });
  return { name, id, kind, publicKey: Uint8Array.from(publicKey), handle };
}

/** Reads a vkey, `<name>+<hex id>+<base64(type || key)>`. Throws `key_malformed`, `key_type_unsupported` or `key_id_mismatch`. */
export function parseVerifierKey(text: string): VerifierKey {
  const { name, id, kind, material } = parseKeyText(text);
  return checkId(verifierKey(name, kind, material), id);
}

/** Writes what `parseVerifierKey` reads. */
export function formatVerifierKey(key: VerifierKey): string {
  return `${key.name}+${formatKeyId(key)}+${formatBase64(Buffer.concat([Buffer.of(TYPE_BYTE[key.kind]), key.publicKey]))}`;
}

/** Reads an skey of golang.org/x/mod/sumdb/note, `PRIVATE+KEY+<name>+<hex id>+<base64(type || seed)>`. Throws like `parseVerifierKey`. */
export function parseSignerKey(text: string): SignerKey {
  if (!text.startsWith(SIGNER_PREFIX)) throw new TlogError("key_malformed", "a signer key starts with PRIVATE+KEY");
  const { name, id, kind, material } = parseKeyText(text.slice(SIGNER_PREFIX.length));
  const signer = signerKeyOfSeed(name, kind, material);
  checkId(signer.verifier, id);
  return signer;
}

/** The skey: a secret in plain text. */
export function formatSignerKey(key: SignerKey): string {
  const { name, kind } = key.verifier;
  const seed = key.handle.export({ format: "der", type: "pkcs8" }).subarray(PKCS8_PREFIX.length);
  return `${SIGNER_PREFIX}${name}+${formatKeyId(key.verifier)}+${formatBase64(Buffer.concat([Buffer.of(TYPE_BYTE[kind]), seed]))}`;
}

/** A signer key from the 32 bytes of an RFC 8032 seed. Throws `key_malformed`. */
export function signerKeyOfSeed(name: string, kind: KeyKind, seed: Uint8Array): SignerKey {
  if (seed.length !== KEY_BYTES) throw new TlogError("key_malformed", `an Ed25519 seed has 32 bytes, not ${seed.length}`);
  return signerKey(name, kind, createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" }));
}

/** A signer key around a private key that was loaded elsewhere, such as a PKCS#8 file. Throws `key_type_unsupported` unless it is Ed25519. */
export function signerKey(name: string, kind: KeyKind, handle: KeyObject): SignerKey {
  if (handle.type !== "private" || handle.asymmetricKeyType !== "ed25519") {
    throw new TlogError("key_type_unsupported", "a signer key is an Ed25519 private key");
  }
  const publicKey = createPublicKey(handle).export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length);
  return { verifier: verifierKey(name, kind, publicKey), handle };
}

/** Whether a note can carry the name: not empty, no space of any script, no plus. */
export const isKeyName = (name: string): boolean => name !== "" && !NOT_IN_NAME.test(name) && isText(name);

/** The id in its eight hex digits, as logs and people write it. */
export const formatKeyId = ({ id }: Pick<VerifierKey, "id">): string => id.toString(16).padStart(8, "0");

/** Whether both are the same key under the same name, for the same kind of signature. */
export function sameKey(one: VerifierKey, other: VerifierKey): boolean {
  return one.name === other.name && one.kind === other.kind && sameBytes(one.publicKey, other.publicKey);
}

function parseKeyText(text: string): { name: string; id: string; kind: KeyKind; material: Buffer } {
  if (text.length > MAX_KEY_TEXT) throw new TlogError("too_large", "key text is too long");
  const parts = KEY_TEXT.exec(text);
  const [, name, id, encoded] = parts ?? [];
  if (name === undefined || id === undefined || encoded === undefined) {
    throw new TlogError("key_malformed", "a key is a name, eight hex digits and base64, joined by plus");
  }
  const [type, ...material] = parseBase64(encoded, "key");
  const kind = KINDS.find((candidate) => TYPE_BYTE[candidate] === type);
  if (kind === undefined) throw new TlogError("key_type_unsupported", `signature type ${type ?? "missing"} is not Ed25519`);
  return { name, id, kind, material: Buffer.from(material) };
}

function checkId(key: VerifierKey, id: string): VerifierKey {
  if (formatKeyId(key) !== id) throw new TlogError("key_id_mismatch", "the key's id is not the hash of its name and key");
  return key;
}

const KEY_BYTES = 32;
const MAX_KEY_TEXT = 10_000;
const TYPE_BYTE: Readonly<Record<KeyKind, number>> = { note: 0x01, cosignature: 0x04 };
const KINDS: readonly KeyKind[] = ["note", "cosignature"];
const KEY_TEXT = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/;
const NOT_IN_NAME = /[\p{White_Space}+]/u;
const SIGNER_PREFIX = "PRIVATE+KEY+";
/** DER of RFC 8410 around the 32 bytes of an Ed25519 key. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
