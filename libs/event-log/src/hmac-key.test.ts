import { createHmac, randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { HmacKey } from "./hmac-key.ts";

const expected = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer =>
  createHmac("sha256", key).update(Buffer.concat(parts)).digest().subarray(0, 16);

describe("a key for HMAC", () => {
  it("makes what OpenSSL makes, whatever the lengths, one after another", () => {
    for (const keyLength of [0, 1, 32, 63, 64]) {
      const bytes = randomBytes(keyLength);
      const key = new HmacKey(bytes);
      for (const length of [1025, 0, 1, 32, 55, 56, 64, 119, 1006, 1005, 1024, 5000, 32]) {
        const [label, message] = [randomBytes(19), randomBytes(length)];
        expect(key.codeOf(label, message), `${keyLength}, ${length}`).toEqual(expected(bytes, label, message));
      }
    }
  });

  it("is not longer than a block, and says nothing of itself", () => {
    expect(() => new HmacKey(randomBytes(65))).toThrow("at most 64 bytes");
    expect(inspect(new HmacKey(Buffer.alloc(32, 7)), { showHidden: true, depth: 9 })).toBe("HmacKey {}");
  });

  it("equals one of the same bytes", () => {
    expect(new HmacKey(Buffer.alloc(32, 7)).equals(new HmacKey(Buffer.alloc(32, 7)))).toBe(true);
    expect(new HmacKey(Buffer.alloc(32, 7)).equals(new HmacKey(Buffer.alloc(32, 8)))).toBe(false);
  });
});
