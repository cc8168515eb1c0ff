import { createPrivateKey, generateKeyPairSync, sign, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf, numberOf } from "./little-endian.ts";
import { BATCH, KnownKey } from "./known-key.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
const known = KnownKey.of(raw);
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** Points of small order, and what is no canonical way to write one (RFC 8032 and "Taming the many EdDSAs", table 6). */
const ODD_POINTS = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map((hex) => Buffer.from(hex, "hex"));

describe("P6: signatures of a known key", () => {
  it("are those of RFC 8032, section 7.1", () => {
    const seed = Buffer.from("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "hex");
    const key = Buffer.from("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "hex");
    const signature = Buffer.from(
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
      "hex",
    );
    const message = Buffer.from("af82", "hex");
    const prefix = Buffer.from("302e020100300506032b657004220420", "hex");
    const made = sign(null, message, createPrivateKey({ key: Buffer.concat([prefix, seed]), format: "der", type: "pkcs8" }));
    expect(made).toEqual(signature);
    expect(KnownKey.of(key)?.verify([{ message, signature }])).toEqual([true]);
  });

  it("are good and bad as OpenSSL finds them, whatever is changed", () => {
    const cases = fc.array(
      fc.record({ message: fc.uint8Array({ maxLength: 300 }), part: fc.integer({ min: 0, max: 4 }), at: fc.nat(63), bit: fc.nat(7) }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(cases, (several) => {
        const pairs = several.map(({ message, part, at, bit }) => {
          const signature = sign(null, message, privateKey);
          const text = Buffer.from(message);
          if (part === 1) signature[at] = (signature[at] ?? 0) ^ (1 << bit);
          if (part === 2 && text.length > 0) text[at % text.length] = (text[at % text.length] ?? 0) ^ (1 << bit);
          // The same modulo L, which must not be taken.
          if (part === 3) signature.set(bytesOf(numberOf(signature.subarray(32)) + ORDER), 32);
          return { message: text, signature: part === 4 ? signature.subarray(0, at) : signature };
        });
        expect(known?.verify(pairs)).toEqual(pairs.map(({ message, signature }) => verify(null, message, publicKey, signature)));
      }),
      { numRuns: 30 },
    );
  });

  it("with points that are odd are judged as OpenSSL judges them, and keys that are odd left to it", () => {
    const scalars = [bytesOf(0n), bytesOf(1n), bytesOf(ORDER - 1n), bytesOf(ORDER), Buffer.alloc(32, 255)];
    for (const key of ODD_POINTS) {
      const pairs = ODD_POINTS.flatMap((r) => scalars.map((s) => ({ message: Buffer.from("odd"), signature: Buffer.concat([r, s]) })));
      expect(KnownKey.of(key)).toBeUndefined();
      // No R of small order is good for a key that is not, and none is taken for another.
      expect(known?.verify(pairs)).toEqual(pairs.map(({ message, signature }) => verify(null, message, publicKey, signature)));
    }
  });

  it("are taken many at a time, and no more", () => {
    const one = { message: Buffer.from("one"), signature: sign(null, Buffer.from("one"), privateKey) };
    const many = Array.from({ length: BATCH }, () => one);
    expect(known?.verify(many).every(Boolean)).toBe(true);
    expect(() => known?.verify([...many, one])).toThrow(RangeError);
    expect(known?.verify([])).toEqual([]);
  });
});
