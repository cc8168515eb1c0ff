import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  acceptCheckpoint,
  formatAddCheckpoint,
  formatEntryBundle,
  formatSignerKey,
  formatVerifierKey,
  inclusionProof,
  parseAddCheckpoint,
  parseCheckpoint,
  parseCosignatures,
  parseEntryBundle,
  parseNote,
  parsePolicy,
  parseProofFile,
  parseSignerKey,
  parseTile,
  parseTilePath,
  parseTreeSize,
  parseVerifierKey,
  verifyProofFile,
} from "./index.ts";
import { log, policy, policyText, proofFile, signedCheckpoint, witnesses } from "./testing/proof-files.ts";
import { leaves, nodes, refusal } from "./testing/trees.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const checkpoint = signedCheckpoint(9);

/** Every way in, with a well-formed input. */
const PARSERS: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => void])[] = [
  ["note", checkpoint, parseNote],
  ["checkpoint", Buffer.from(`${text(checkpoint).split("\n\n")[0]!}\n`), (bytes) => parseCheckpoint(text(bytes))],
  ["checkpoint under a policy", checkpoint, (bytes) => acceptCheckpoint(bytes, policy)],
  ["proof file", proofFile(5, 9), parseProofFile],
  ["verified proof file", proofFile(5, 9), (bytes) => verifyProofFile(parseProofFile(bytes), leaves[5]!, policy)],
  ["add-checkpoint", formatAddCheckpoint({ oldSize: 3, proof: inclusionProof(5, 9, nodes), checkpoint }), parseAddCheckpoint],
  ["cosignatures", Buffer.from(text(checkpoint).split("\n\n")[1]!), parseCosignatures],
  ["tree size", Buffer.from("123\n"), parseTreeSize],
  ["policy", Buffer.from(policyText), parsePolicy],
  ["verifier key", Buffer.from(formatVerifierKey(witnesses[0]!.verifier)), (bytes) => parseVerifierKey(text(bytes))],
  ["signer key", Buffer.from(formatSignerKey(log)), (bytes) => parseSignerKey(text(bytes))],
  ["tile path", Buffer.from("tile/0/x001/x234/067.p/89"), (bytes) => parseTilePath(text(bytes))],
  ["tile", Buffer.concat(leaves.slice(0, 4)), (bytes) => parseTile(bytes, 4)],
  ["entry bundle", formatEntryBundle([Buffer.from("one"), Buffer.from("two")]), (bytes) => parseEntryBundle(bytes, 2)],
];

/** Bytes from the input by cutting, inserting, repeating and overwriting. */
function mutations(input: Uint8Array): fc.Arbitrary<Uint8Array> {
  const special = fc.constantFrom("\n", "\n\n", " ", "— ", "+", "=", "\r", "\0", "0", "-", "x", "9".repeat(17), "\u00a0", "é");
  const piece = fc.oneof(
    special.map((word) => Buffer.from(word)),
    fc.uint8Array({ maxLength: 6 }),
  );
  const edit = fc.tuple(fc.nat(input.length), fc.nat(12), piece);
  return fc
    .array(edit, { minLength: 1, maxLength: 4 })
    .map((edits) =>
      edits.reduce<Uint8Array>((bytes, [at, cut, put]) => Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]), input),
    );
}

describe.each(PARSERS)("%s", (_, input, parse) => {
  it("is read when well-formed", () => {
    parse(input);
  });

  it("throws nothing but TlogError, whatever it is given", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ unit: "binary", maxLength: 200 }).map((chars) => Buffer.from(chars)),
      mutations(input),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        expect(refusal(() => parse(given))).toBeTypeOf("string");
      }),
      { numRuns: 250 },
    );
  });
});

describe("text that came from elsewhere than bytes", () => {
  it("throws nothing but TlogError either", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (given) => {
        for (const parse of [parseCheckpoint, parseVerifierKey, parseSignerKey, parseTilePath]) refusal(() => parse(given));
      }),
    );
    for (const parse of [parseCheckpoint, parseVerifierKey, parseSignerKey, parseTilePath])
      expect(refusal(() => parse("\ud800"))).not.toBe("passed");
  });
});
