import { sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatNote,
  noteSignature,
  parseNote,
  parseSignerKey,
  parseVerifierKey,
  signedMessage,
  signerKeyOfSeed,
  signNote,
  verifierKey,
  verifyNote,
  verifySignature,
} from "./index.ts";
import { flip, refusal } from "./testing/trees.ts";
import { type Notes, readTestdata } from "./testing/testdata.ts";

const { c2sp, golang, formats, witness, public: published } = readTestdata("notes.json") as Notes;
const { text } = golang;
const [peter, enoch] = [parseVerifierKey(golang.peter.vkey), parseVerifierKey(golang.enoch.vkey)];
const [peterLine, enochLine] = [golang.peter.line, golang.enoch.line];
const note = (all: string) => parseNote(Buffer.from(all));
const signers = (all: string, keys = [peter, enoch]) => verifyNote(note(all), keys).map(({ key }) => key.name);

describe("signed note", () => {
  it("of the C2SP specification verifies", () => {
    expect(verifyNote(note(c2sp.note), [parseVerifierKey(c2sp.vkey)])).toHaveLength(1);
  });

  it("is signed to the same bytes as by golang.org/x/mod/sumdb/note", () => {
    const signature = signNote(text, parseSignerKey(golang.peter.skey));
    expect(formatNote({ text, signatures: [signature] }).toString()).toBe(`${text}\n${peterLine}`);
  });

  it("may have several signatures; those of unknown keys are ignored", () => {
    const both = `${text}\n${peterLine}${enochLine}`;
    expect(signers(both)).toEqual(["PeterNeumann", "EnochRoot"]);
    expect(signers(both, [peter])).toEqual(["PeterNeumann"]);
    expect(refusal(() => signers(both, []))).toBe("signature_missing");
  });

  it("is refused for one bad signature of a known key, wherever it stands", () => {
    const bad = peterLine.replace("x08go/ZJ", "x08go/ZK");
    expect(refusal(() => signers(`${text}\n${bad}`))).toBe("signature_invalid");
    expect(refusal(() => signers(`${text}\n${enochLine}${bad}`))).toBe("signature_invalid");
    expect(refusal(() => signers(`${text}\n${peterLine}${bad}`))).toBe("signature_invalid");
    expect(refusal(() => signers(`${text}\n${peterLine.slice(0, 60)}ABCD${peterLine.slice(60)}`))).toBe("signature_invalid");
    expect(signers(`${text}\n${enochLine}${bad}`, [enoch])).toEqual(["EnochRoot"]);
  });

  it("ignores a key that shares only the name or only the id", () => {
    expect(refusal(() => signers(`${text}\n${peterLine.replaceAll("PeterNeumann", "CarmenSandiego")}`))).toBe("signature_missing");
    expect(refusal(() => signers(`${text}\n${peterLine.replace("x08g", "xxxx")}`))).toBe("signature_missing");
  });

  it("is refused when two different keys are known by one name and id", () => {
    const twin = { ...peter, publicKey: enoch.publicKey, handle: enoch.handle };
    expect(refusal(() => signers(`${text}\n${peterLine}`, [twin, peter]))).toBe("key_ambiguous");
    expect(signers(`${text}\n${peterLine}`, [peter, peter])).toEqual(["PeterNeumann"]);
  });

  it.each([
    ["nothing", "", "note_malformed"],
    ["no signatures", text, "note_malformed"],
    ["no line of signatures", `${text}\n`, "note_malformed"],
    ["an unterminated line", `${text}\n${peterLine.slice(0, -1)}`, "signature_malformed"],
    ["a control character", `\u0001${text}\n${peterLine}`, "text_malformed"],
    ["a carriage return", `${text.replaceAll("\n", "\r\n")}\n${peterLine}`, "text_malformed"],
    ["a name with a space", `${text}\n${peterLine.replace("PeterNeumann", "Bad Name")}`, "signature_malformed"],
    ["a name with a plus", `${text}\n${peterLine.replace("PeterNeumann", "Bad+Name")}`, "signature_malformed"],
    ["a name with a no-break space", `${text}\n${peterLine.replace("PeterNeumann", "Bad\u00a0Name")}`, "signature_malformed"],
    ["a line that is no signature", `${text}\n${peterLine}Unexpected line.\n`, "signature_malformed"],
    ["a hyphen for the dash", `${text}\n${peterLine.replace("—", "-")}`, "signature_malformed"],
    ["a key id alone", `${text}\n— PeterNeumann x08gow==\n`, "signature_malformed"],
    ["base64 with spare bits", `${text}\n— PeterNeumann x08go/Z=\n`, "base64_malformed"],
    ["101 signatures", `${text}\n${peterLine.repeat(101)}`, "too_large"],
    ["a million bytes", `${"x".repeat(1_000_000)}\n\n${peterLine}`, "too_large"],
  ])("is refused with %s", (_, all, code) => {
    expect(refusal(() => note(all))).toBe(code);
  });

  it("is refused with bytes that are not UTF-8", () => {
    expect(refusal(() => parseNote(Buffer.concat([Buffer.of(0xff), Buffer.from(`${text}\n${peterLine}`)])))).toBe("text_malformed");
  });

  it("keeps empty lines and a byte order mark in its text", () => {
    const signer = signerKeyOfSeed("a", "note", Buffer.alloc(32, 1));
    const odd = "\ufeffone\n\n\ntwo\n\n";
    const bytes = formatNote({ text: odd, signatures: [signNote(odd, signer)] });
    expect(parseNote(bytes).text).toBe(odd);
    expect(verifyNote(parseNote(bytes), [signer.verifier])).toHaveLength(1);
  });

  it("accepts 100 signatures", () => {
    expect(signers(`${text}\n${peterLine.repeat(100)}`)).toHaveLength(100);
  });

  it("reads back what was written, and any flipped bit is found", () => {
    const signer = signerKeyOfSeed("example.com/log", "note", Buffer.alloc(32, 2));
    const other = signerKeyOfSeed("example.com/witness", "cosignature", Buffer.alloc(32, 3));
    const keys = [signer.verifier, other.verifier];
    const body = fc.string({ unit: "grapheme", minLength: 1 }).map((line) => `${line.replaceAll(/[\p{Cc}\p{Cs}]/gu, "")}\n`);
    fc.assert(
      fc.property(body, fc.integer({ min: 1 }), fc.nat(), fc.nat(7), (signed, time, byte, bit) => {
        const bytes = formatNote({ text: signed, signatures: [signNote(signed, signer), signNote(signed, other, time)] });
        expect(formatNote(parseNote(bytes))).toEqual(bytes);
        expect(verifyNote(parseNote(bytes), keys).map((signature) => signature.time)).toEqual([undefined, time]);
        // A flip may make one key unknown, but then the other signature alone is left, over the text as it was signed.
        const verdict = refusal(() => {
          const left = parseNote(flip(bytes, byte, bit));
          if (verifyNote(left, keys).length === 2 || left.text !== signed) throw new Error("a forged note verified");
        });
        expect(verdict).toBeTypeOf("string");
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ["text without newline", "abc", "note_malformed"],
    ["text with a control character", "a\tb\n", "text_malformed"],
    ["half a surrogate pair", "\ud800\n", "text_malformed"],
  ])("is not signed over %s", (_, body, code) => {
    expect(refusal(() => signNote(body, parseSignerKey(golang.peter.skey)))).toBe(code);
  });

  it("is not written without signatures, or with ones that cannot be read", () => {
    expect(refusal(() => formatNote({ text, signatures: [] }))).toBe("note_malformed");
    expect(refusal(() => formatNote({ text, signatures: [{ name: "a+b", keyId: 1, signature: Buffer.alloc(64) }] }))).toBe(
      "signature_malformed",
    );
    expect(refusal(() => formatNote({ text, signatures: [{ name: "a", keyId: 1, signature: Buffer.alloc(0) }] }))).toBe(
      "signature_malformed",
    );
    expect(refusal(() => formatNote({ text, signatures: [{ name: "a", keyId: 2 ** 32, signature: Buffer.alloc(64) }] }))).toBe(
      "number_out_of_range",
    );
  });
});

describe("cosignature", () => {
  const cosigner = parseSignerKey(witness.witness.skey);
  const key = verifierKey("witness", "cosignature", cosigner.verifier.publicKey);
  const signer = { verifier: key, handle: cosigner.handle };
  const { text: body } = note(witness.next);

  it("that a public witness made verifies, beside the log's own", () => {
    const verified = verifyNote(note(published.checkpoint), [parseVerifierKey(published.log), parseVerifierKey(published.witness)]);
    expect(verified.map(({ key: { name }, time }) => [name, time])).toEqual([
      ["arche2025h1.staging.ct.transparency.dev", undefined],
      ["remora.n621.de", 0x6a122120],
    ]);
  });

  it("has its time in its first eight bytes, and signs it", () => {
    const signature = signNote(body, signer, formats.cosignatureTime);
    expect(Buffer.from(signature.signature).readBigUInt64BE()).toBe(BigInt(formats.cosignatureTime));
    expect(Buffer.from(signature.signature).subarray(0, 8)).toEqual(Buffer.from(formats.cosignature, "base64").subarray(4, 12));
    expect(verifySignature(body, signature, key).time).toBe(formats.cosignatureTime);
    for (const byte of [0, 3, 7, 8, 71]) {
      expect(refusal(() => verifySignature(body, { ...signature, signature: flip(signature.signature, byte) }, key))).toBe(
        "signature_invalid",
      );
    }
  });

  it("signs the bytes of the specification", () => {
    const example = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    expect(signedMessage(key, example, 1679315147).toString()).toBe(`cosignature/v1\ntime 1679315147\n${example}`);
  });

  it("covers extension lines", () => {
    const extended = `${body}extension\n`;
    const signature = signNote(extended, signer, 7);
    expect(refusal(() => verifySignature(`${body}Extension\n`, signature, key))).toBe("signature_invalid");
  });

  it("is not one of the same key as a note signature, nor the other way round", () => {
    const plain = signNote(body, cosigner);
    const timed = signNote(body, signer, 7);
    expect(refusal(() => verifySignature(body, { ...plain, keyId: key.id }, key))).toBe("signature_invalid");
    expect(refusal(() => verifySignature(body, { ...timed, keyId: cosigner.verifier.id }, cosigner.verifier))).toBe("signature_invalid");
    expect(refusal(() => verifyNote({ text: body, signatures: [timed] }, [cosigner.verifier]))).toBe("signature_missing");
  });

  it.each([undefined, 0, -1, 1.5, Number.NaN, 2 ** 53])("is not made at %s", (time) => {
    expect(refusal(() => signNote(body, signer, time))).toBe("timestamp_out_of_range");
  });

  it("of a time beyond every clock is refused", () => {
    const signature = signNote(body, signer, 7);
    const late = Buffer.concat([Buffer.alloc(8, 0xff), signature.signature.subarray(8)]);
    expect(refusal(() => verifySignature(body, { ...signature, signature: late }, key))).toBe("signature_invalid");
  });

  it("may be made by a key that is elsewhere", () => {
    const made = noteSignature(key, sign(null, signedMessage(key, body, 7), cosigner.handle), 7);
    expect(made).toEqual(signNote(body, signer, 7));
    expect(refusal(() => noteSignature(key, Buffer.alloc(63), 7))).toBe("signature_malformed");
  });
});
