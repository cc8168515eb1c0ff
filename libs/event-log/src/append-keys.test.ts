import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { appendKeys, eventCode, isEventCode, isReplyCode, replyCode, type KeptReply } from "./append-keys.ts";

const secret = Buffer.from("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "hex");
const keys = appendKeys(secret);
const leaf = createHash("sha256").update("entry").digest();
const kept: KeptReply = { ledger: "main", tenant: "acme", caller: "idp|agent", key: "k", reply: Buffer.from("id 1") };

/** RFC 2104, by hand. */
function hmac(key: Buffer, message: Buffer): Buffer {
  const block = Buffer.concat([key, Buffer.alloc(64 - key.length)]);
  const [inner, outer] = [0x36, 0x5c].map((pad) => block.map((byte) => byte ^ pad));
  const hash = (...parts: readonly (Uint8Array | undefined)[]) => {
    const sum = createHash("sha256");
    for (const part of parts) sum.update(part ?? "");
    return sum.digest();
  };
  return hash(outer, hash(inner, message));
}

describe("P6: append codes", () => {
  it("are HMAC-SHA256 over a label and the leaf hash, cut to 16 bytes", () => {
    const expected = hmac(secret, Buffer.concat([Buffer.from("countersign event\0"), leaf])).subarray(0, 16);
    expect(eventCode(keys, leaf)).toEqual(expected);
    expect(isEventCode(keys, leaf, expected)).toBe(true);
  });

  it("hold for nothing but what they were made for, and are nothing shorter or longer", () => {
    const code = eventCode(keys, leaf);
    const flipped = Buffer.from(code);
    flipped[15] = (flipped[15] ?? 0) ^ 1;
    const whole = hmac(secret, Buffer.concat([Buffer.from("countersign event\0"), leaf]));
    for (const wrong of [null, Buffer.alloc(0), code.subarray(0, 15), whole, Buffer.alloc(16), flipped, replyCode(keys, kept)])
      expect(isEventCode(keys, leaf, wrong)).toBe(false);
    expect(isEventCode(keys, createHash("sha256").update("another").digest(), code)).toBe(false);
    expect(isEventCode(appendKeys(randomBytes(32)), leaf, code)).toBe(false);
  });

  it("of a reply hold for its place alone, wherever one part of it ends and the next begins", () => {
    const code = replyCode(keys, kept);
    expect(isReplyCode(keys, { ...kept }, code)).toBe(true);
    const others: readonly Partial<KeptReply>[] = [
      { ledger: "other" },
      { tenant: "globex" },
      { caller: "idp|agen", key: "tk" },
      { tenant: "acm", caller: "eidp|agent" },
      { key: "", reply: Buffer.from("kid 1") },
      { reply: Buffer.from("id 2") },
      { reply: Buffer.alloc(0) },
    ];
    for (const other of others) expect(isReplyCode(keys, { ...kept, ...other }, code)).toBe(false);
    for (const wrong of [null, Buffer.alloc(0), code.subarray(0, 15), eventCode(keys, leaf)])
      expect(isReplyCode(keys, kept, wrong)).toBe(false);
  });

  it("after a rotation: new ones are under the new key, those of before still hold", () => {
    const rotated = appendKeys(randomBytes(32), [randomBytes(32), secret]);
    expect(isEventCode(rotated, leaf, eventCode(keys, leaf))).toBe(true);
    expect(isReplyCode(rotated, kept, replyCode(keys, kept))).toBe(true);
    expect(eventCode(rotated, leaf)).not.toEqual(eventCode(keys, leaf));
    expect(isEventCode(keys, leaf, eventCode(rotated, leaf))).toBe(false);
  });

  it("P7: keys of another length, and one that stands there twice, are refused", () => {
    for (const bytes of [0, 16, 31, 33]) expect(() => appendKeys(Buffer.alloc(bytes))).toThrow("an append key has 32 bytes");
    expect(() => appendKeys(secret, [Buffer.alloc(8)])).toThrow("an append key has 32 bytes");
    expect(() => appendKeys(secret, [secret])).toThrow("given twice");
    const other = randomBytes(32);
    expect(() => appendKeys(secret, [other, other])).toThrow("given twice");
  });

  it("keys show their bytes to nobody who prints them", () => {
    expect(JSON.stringify(keys)).not.toContain(secret.toString("hex").slice(0, 8));
    expect(JSON.stringify(keys)).not.toContain(secret.toString("base64").slice(0, 8));
  });
});
