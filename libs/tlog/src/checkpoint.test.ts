import { describe, expect, it } from "vitest";
import {
  formatCheckpoint,
  formatNote,
  openCheckpoint,
  parseCheckpoint,
  parseSignerKey,
  parseVerifierKey,
  signerKeyOfSeed,
  signNote,
} from "./index.ts";
import { refusal } from "./testing/trees.ts";
import { type Notes, readTestdata } from "./testing/testdata.ts";

const { witness } = readTestdata("notes.json") as Notes;
const ROOT = "TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=";
const root = Buffer.from(ROOT, "base64");

describe("checkpoint", () => {
  it.each([
    [`go.sum database tree\n123456789012\n${ROOT}\n`, { origin: "go.sum database tree", size: 123_456_789_012, root, extensions: [] }],
    [`a\n0\n${ROOT}\n`, { origin: "a", size: 0, root, extensions: [] }],
    [`a\n9007199254740991\n${ROOT}\none\ntwo\n`, { origin: "a", size: 9_007_199_254_740_991, root, extensions: ["one", "two"] }],
  ])("reads and writes %j", (text, checkpoint) => {
    expect(parseCheckpoint(text)).toEqual(checkpoint);
    expect(formatCheckpoint(checkpoint)).toBe(text);
  });

  // After the cases of transparency-dev/formats log/checkpoint_test.go and golang/mod sumdb/tlog/note_test.go.
  it.each([
    ["", "checkpoint_malformed"],
    ["a\n1\n", "checkpoint_malformed"],
    [`\n1\n${ROOT}\n`, "checkpoint_malformed"],
    [`a\n1\n${ROOT}`, "checkpoint_malformed"],
    [`a\n1\n${ROOT}\n\n`, "checkpoint_malformed"],
    [`a\n1\n${ROOT}\none\n\ntwo\n`, "checkpoint_malformed"],
    [`a\nbananas\n${ROOT}\n`, "number_malformed"],
    [`a\n-34\n${ROOT}\n`, "number_malformed"],
    [`a\n+1\n${ROOT}\n`, "number_malformed"],
    [`a\n01\n${ROOT}\n`, "number_malformed"],
    [`a\n 1\n${ROOT}\n`, "number_malformed"],
    [`a\n1e3\n${ROOT}\n`, "number_malformed"],
    [`a\n0xabcdef\n${ROOT}\n`, "number_malformed"],
    [`a\n١\n${ROOT}\n`, "number_malformed"],
    [`a\n9007199254740992\n${ROOT}\n`, "number_out_of_range"],
    [`a\n3438945738945739845734895735\n${ROOT}\n`, "number_out_of_range"],
    ["a\n1\nThisIsn'tBase64\n", "base64_malformed"],
    [`a\n1\n${ROOT.replaceAll("+", "-")}\n`, "base64_malformed"],
    [`a\n1\n${ROOT.slice(0, -1)}\n`, "base64_malformed"],
    [`a\n1\n${ROOT} \n`, "base64_malformed"],
    ["a\n1\nYmFuYW5hcw==\n", "hash_malformed"],
    ["a\n1\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBTOOBIG=\n", "base64_malformed"],
    [`a\r\n1\n${ROOT}\n`, "text_malformed"],
  ])("refuses %j: %s", (text, code) => {
    expect(refusal(() => parseCheckpoint(text))).toBe(code);
  });

  it.each([
    [{ origin: "", size: 1, root, extensions: [] }, "checkpoint_malformed"],
    [{ origin: "a\nb", size: 1, root, extensions: [] }, "checkpoint_malformed"],
    [{ origin: "a", size: 1, root, extensions: [""] }, "checkpoint_malformed"],
    [{ origin: "a", size: 1.5, root, extensions: [] }, "number_out_of_range"],
    [{ origin: "a", size: 1, root: root.subarray(1), extensions: [] }, "hash_malformed"],
  ])("is not written for %j", (checkpoint, code) => {
    expect(refusal(() => formatCheckpoint(checkpoint))).toBe(code);
  });
});

describe("signed checkpoint", () => {
  const [log, otherLog] = [parseVerifierKey(witness.log.vkey), parseVerifierKey(witness.otherLog.vkey)];

  it("is believed with the signature of its log", () => {
    const { checkpoint, signatures } = openCheckpoint(Buffer.from(witness.next), [otherLog, log]);
    expect(checkpoint).toMatchObject({ origin: "monkeys", size: 8 });
    expect(signatures.map(({ key }) => key)).toEqual([log]);
  });

  it("is not believed for an unknown log, or one that signs for another", () => {
    expect(refusal(() => openCheckpoint(Buffer.from(witness.next), [otherLog]))).toBe("origin_unknown");
    const text = formatCheckpoint({ origin: "monkeys", size: 1, root, extensions: [] });
    const forged = formatNote({ text, signatures: [signNote(text, parseSignerKey(witness.otherLog.skey))] });
    expect(refusal(() => openCheckpoint(forged, [log, otherLog]))).toBe("signature_missing");
  });

  it("is not believed with a witness's signature alone", () => {
    const cosigner = signerKeyOfSeed("w", "cosignature", Buffer.alloc(32, 4));
    const text = formatCheckpoint({ origin: "monkeys", size: 1, root, extensions: [] });
    const note = formatNote({ text, signatures: [signNote(text, cosigner, 5)] });
    expect(refusal(() => openCheckpoint(note, [log], [cosigner.verifier]))).toBe("signature_missing");
  });

  it("is believed by the old and by the new key while a key is rotated", () => {
    const [old, next] = [signerKeyOfSeed("monkeys", "note", Buffer.alloc(32, 5)), signerKeyOfSeed("monkeys", "note", Buffer.alloc(32, 6))];
    const text = formatCheckpoint({ origin: "monkeys", size: 1, root, extensions: [] });
    const note = formatNote({ text, signatures: [signNote(text, old), signNote(text, next)] });
    expect(openCheckpoint(note, [old.verifier]).signatures).toHaveLength(1);
    expect(openCheckpoint(note, [next.verifier]).signatures).toHaveLength(1);
    expect(openCheckpoint(note, [old.verifier, next.verifier]).signatures).toHaveLength(2);
  });
});
