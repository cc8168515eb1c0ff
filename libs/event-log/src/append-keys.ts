import { timingSafeEqual } from "node:crypto";
import { EventLogError } from "./errors.ts";
import { CODE_BYTES, HmacKey } from "./hmac-key.ts";

/**
 * The secrets that the services of a ledger share, and its database does not have. Every row that they write carries an append code, an HMAC-SHA256 (RFC 2104) under the
 * current key, so that a row which somebody else wrote is found out, however well it fits.
 */
export type AppendKeys = {
  /** New rows are written under it. */
  readonly current: HmacKey;
  /** Rows of before a rotation still verify under these. */
  readonly earlier: readonly HmacKey[];
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
const EVENT_LABEL = Buffer.from("countersign event\0");
const REPLY_LABEL = Buffer.from("countersign reply\0");

/**
 * Append keys from their bytes: 32 random ones each.
 * @throws EventLogError `invalid` when one is too short or too long, or stands there twice
 */
export function appendKeys(current: Uint8Array, earlier: readonly Uint8Array[] = []): AppendKeys {
  const all = [current, ...earlier];
  if (all.some(({ byteLength }) => byteLength !== KEY_BYTES)) throw new EventLogError("invalid", `an append key has ${KEY_BYTES} bytes`);
  const [newest, ...older] = all.map((bytes) => new HmacKey(bytes));
  if (newest === undefined) throw new Error("an append key was lost");
  if (older.some((key, index) => [newest, ...older.slice(0, index)].some((other) => other.equals(key)))) {
    throw new EventLogError("invalid", "an append key is given twice: an earlier one is another than the current one");
  }
  return Object.freeze({ current: newest, earlier: Object.freeze(older) });
}

/** The append code of an event: its leaf hash is that of an entry that names ledger and position, so nothing else need be said. */
export function eventCode({ current }: AppendKeys, leafHash: Uint8Array): Buffer {
  return Buffer.from(current.codeOf(EVENT_LABEL, leafHash));
}

/** Whether one of the keys made this code for an event. */
export function isEventCode(keys: AppendKeys, leafHash: Uint8Array, code: Uint8Array | null): boolean {
  return code?.byteLength === CODE_BYTES && isCode(keys, EVENT_LABEL, leafHash, code);
}

/** The append code of what is kept for a caller's key, and of the place where it is kept. */
export function replyCode({ current }: AppendKeys, kept: KeptReply): Buffer {
  return Buffer.from(current.codeOf(REPLY_LABEL, bytesOf(kept)));
}

/** Whether one of the keys made this code for what is kept there. */
export function isReplyCode(keys: AppendKeys, kept: KeptReply, code: Uint8Array | null): boolean {
  return code?.byteLength === CODE_BYTES && isCode(keys, REPLY_LABEL, bytesOf(kept), code);
}

function isCode({ current, earlier }: AppendKeys, label: Uint8Array, bytes: Uint8Array, code: Uint8Array): boolean {
  if (timingSafeEqual(current.codeOf(label, bytes), code)) return true;
  for (const key of earlier) if (timingSafeEqual(key.codeOf(label, bytes), code)) return true;
  return false;
}

/** Each part with its length before it: no two lists of parts have the same bytes. */
function bytesOf({ ledger, tenant, caller, key, reply }: KeptReply): Buffer {
  const texts = [ledger, tenant, caller, key];
  const length = texts.reduce((sum, text) => sum + Buffer.byteLength(text), reply.byteLength);
  const bytes = Buffer.allocUnsafe(length + LENGTH_BYTES * (texts.length + 1));
  let at = 0;
  for (const text of texts) {
    const written = bytes.write(text, at + LENGTH_BYTES);
    at = bytes.writeUInt32BE(written, at) + written;
  }
  bytes.set(reply, bytes.writeUInt32BE(reply.byteLength, at));
  return bytes;
}

const LENGTH_BYTES = 4;
