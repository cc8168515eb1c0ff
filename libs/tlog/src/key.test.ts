import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  formatKeyId,
  formatSignerKey,
  formatVerifierKey,
  parseSignerKey,
  parseVerifierKey,
  signerKey,
  signerKeyOfSeed,
  verifierKey,
} from "./index.ts";
import { refusal } from "./testing/trees.ts";
import { type Notes, readTestdata } from "./testing/testdata.ts";

const { c2sp, golang, formats, witness } = readTestdata("notes.json") as Notes;

/** Every proper part of the text, and the text with each byte one higher, as golang/mod's test mangles keys. */
function mangled(text: string): string[] {
  const parts = [...text].flatMap((_, from) =>
    [...text].map((__, to) => text.slice(from, to + 1)).filter((part) => part !== "" && part !== text),
  );
  const raised = [...text].map((char, at) => text.slice(0, at) + String.fromCharCode(char.charCodeAt(0) + 1) + text.slice(at + 1));
  return [...new Set(parts), ...raised];
}

describe("verifier key", () => {
  it.each([c2sp.vkey, golang.peter.vkey, golang.enoch.vkey, witness.log.vkey, ...formats.vkeys])("reads and writes %s", (text) => {
    expect(formatVerifierKey(parseVerifierKey(text))).toBe(text);
  });

  it("is refused when mangled in any place", () => {
    for (const text of mangled(golang.peter.vkey)) expect(refusal(() => parseVerifierKey(text))).not.toBe("passed");
  });

  it.each([
    [golang.badVkeys[0], "base64_malformed"],
    [golang.badVkeys[1], "key_type_unsupported"],
    [formats.badVkeys[0], "key_malformed"],
    [formats.badVkeys[1], "key_malformed"],
    [formats.badVkeys[2], "key_type_unsupported"],
    ["PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "key_malformed"],
    ["PeterNeumann+00000000+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "key_id_mismatch"],
    ["Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "key_malformed"],
    ["PeterNeumann+c74f20a3+AQ==", "key_malformed"],
    ["x".repeat(20_000), "too_large"],
  ])("refuses %s: %s", (text, code) => {
    expect(refusal(() => parseVerifierKey(text ?? ""))).toBe(code);
  });

  it("has another id for each name and kind", () => {
    const { publicKey } = parseVerifierKey(golang.peter.vkey);
    expect(formatKeyId(verifierKey("PeterNeumann", "note", publicKey))).toBe("c74f20a3");
    expect(formatKeyId(verifierKey("PeterNeumann", "cosignature", publicKey))).not.toBe("c74f20a3");
    expect(formatKeyId(verifierKey("Peter", "note", publicKey))).not.toBe("c74f20a3");
  });

  it.each(["", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\u0085b", "a\nb", "a\u0001b", "\ud800"])("has no name like %j", (name) => {
    expect(refusal(() => verifierKey(name, "note", Buffer.alloc(32)))).toBe("key_malformed");
  });
});

describe("signer key", () => {
  it("reads and writes the text of golang.org/x/mod/sumdb/note", () => {
    const key = parseSignerKey(golang.peter.skey);
    expect(formatSignerKey(key)).toBe(golang.peter.skey);
    expect(formatVerifierKey(key.verifier)).toBe(golang.peter.vkey);
  });

  it("is refused when mangled in any place", () => {
    for (const text of mangled(golang.peter.skey)) expect(refusal(() => parseSignerKey(text))).not.toBe("passed");
  });

  it("is made around a key that was loaded elsewhere", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({ format: "pem", type: "pkcs8" });
    const key = signerKey("example.com/log", "note", createPrivateKey(pem));
    expect(formatVerifierKey(parseSignerKey(formatSignerKey(key)).verifier)).toBe(formatVerifierKey(key.verifier));
  });

  it("is an Ed25519 private key and nothing else", () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const edwards = generateKeyPairSync("ed25519");
    expect(refusal(() => signerKey("a", "note", rsa.privateKey))).toBe("key_type_unsupported");
    expect(refusal(() => signerKey("a", "note", edwards.publicKey))).toBe("key_type_unsupported");
    expect(refusal(() => signerKeyOfSeed("a", "note", Buffer.alloc(31)))).toBe("key_malformed");
    expect(refusal(() => verifierKey("a", "note", Buffer.alloc(33)))).toBe("key_malformed");
  });

  it("never hides in the text of the verifier key", () => {
    const key = signerKeyOfSeed("a", "cosignature", Buffer.alloc(32, 9));
    expect(formatVerifierKey(key.verifier)).not.toContain(formatSignerKey(key).split("+").at(-1));
  });
});
