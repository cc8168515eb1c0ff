import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from "node:crypto";
import { EventLogError } from "./errors.ts";

/**
 * The secrets that the services of a ledger share, and its database does not have. Every row that they write carries an append code, an HMAC-SHA256 (RFC 2104) under the
 * current key, so that a row which somebody else wrote is found out, however well it fits.
 */
export type AppendKeys = {
  /** New rows are written under it. */
  readonly current: KeyObject;
  /** Rows of before a rotation still verify under these. */
  readonly earlier: readonly KeyObject[];
};

/** The keys by which rows are checked as they are read, or, spelled out, that whoever reads has none: then a forged row passes for a real one. */
export type ReadKeys = AppendKeys | "unchecked";

/** What is kept for a caller's key, and where. */
export type KeptReply = {
  readonly ledger: string;
  readonly tenant: string;
  readonly caller: string;
  readonly key: string;
  readonly reply: Uint8Array;
};

const KEY_BYTES = 32;
/** Half of the hash, as RFC 2104 (section 5) has it at least. */
const CODE_BYTES = 16;
/** With a leaf hash behind it, it is still one block of SHA-256. */
const EVENT_LABEL = Buffer.from("countersign event\0");
const REPLY_LABEL = Buffer.from("countersign reply\0");

/**
 * Append keys from their bytes: 32 random ones each.
 * @throws EventLogError `invalid` when one is too short or too long, or stands there twice
 */
export function appendKeys(current: Uint8Array, earlier: readonly Uint8Array[] = []): AppendKeys {
  const all = [current, ...earlier];
  if (all.some(({ byteLength }) => byteLength !== KEY_BYTES)) throw new EventLogError("invalid", `an append key has ${KEY_BYTES} bytes`);
  const [newest, ...older] = all.map((bytes) => createSecretKey(bytes));
  if (newest === undefined) throw new Error("an append key was lost");
  if (older.some((key, index) => [newest, ...older.slice(0, index)].some((other) => other.equals(key)))) {
    throw new EventLogError("invalid", "an append key is given twice: an earlier one is another than the current one");
  }
  return Object.freeze({ current: newest, earlier: Object.freeze(older) });
}

/** The append code of an event: its leaf hash is that of an entry that names ledger and position, so nothing else need be said. */
export function eventCode({ current }: AppendKeys, leafHash: Uint8Array): Buffer {
  return Buffer.from(codeOf(current, EVENT_LABEL, leafHash));
}

/** Whether one of the keys made this code for an event. */
export function isEventCode({ current, earlier }: AppendKeys, leafHash: Uint8Array, code: Uint8Array | null): boolean {
  if (code?.byteLength !== CODE_BYTES) return false;
  if (timingSafeEqual(codeOf(current, EVENT_LABEL, leafHash), code)) return true;
  for (const key of earlier) if (timingSafeEqual(codeOf(key, EVENT_LABEL, leafHash), code)) return true;
  return false;
}

/** The append code of what is kept for a caller's key, and of the place where it is kept. */
export function replyCode({ current }: AppendKeys, kept: KeptReply): Buffer {
  return Buffer.from(codeOf(current, REPLY_LABEL, bytesOf(kept)));
}

/** Whether one of the keys made this code for what is kept there. */
export function isReplyCode({ current, earlier }: AppendKeys, kept: KeptReply, code: Uint8Array | null): boolean {
  if (code?.byteLength !== CODE_BYTES) return false;
  const bytes = bytesOf(kept);
  const is = (key: KeyObject): boolean => timingSafeEqual(codeOf(key, REPLY_LABEL, bytes), code);
  return is(current) || earlier.some(is);
}

/** Good until the next one is made: a buffer for each would cost every reader more than the hash. */
function codeOf(key: KeyObject, label: Uint8Array, bytes: Uint8Array): Buffer {
  wholeCode.write(createHmac("sha256", key).update(label).update(bytes).digest("binary"), "binary");
  return firstHalf;
}

const wholeCode = Buffer.alloc(32);
const firstHalf = wholeCode.subarray(0, CODE_BYTES);

/** Each part with its length before it: no two lists of parts have the same bytes. */
function bytesOf({ ledger, tenant, caller, key, reply }: KeptReply): Buffer {
  const parts = [Buffer.from(ledger), Buffer.from(tenant), Buffer.from(caller), Buffer.from(key), reply];
  return Buffer.concat(parts.flatMap((part) => [lengthOf(part), part]));
}

function lengthOf(part: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.byteLength);
  return length;
}
