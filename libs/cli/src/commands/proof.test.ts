import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  formatCheckpoint,
  formatNote,
  formatProofFile,
  formatVerifierKey,
  inclusionProof,
  nodesOfEntries,
  signerKeyOfSeed,
  signNote,
  treeRoot,
} from "@countersign/tlog";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../program.ts";

const ORIGIN = "log.example/main/1";
const key = signerKeyOfSeed(ORIGIN, "note", Buffer.alloc(32, 1));
const other = signerKeyOfSeed(ORIGIN, "note", Buffer.alloc(32, 2));
const entries = ["a", "b", "c", "d", "e"].map((entry) => Buffer.from(entry));
let directory: string;
let file: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "countersign-proof-"));
  file = join(directory, "action.tlog-proof");
  const source = nodesOfEntries(entries);
  const text = formatCheckpoint({ origin: ORIGIN, size: 5, root: treeRoot(5, source), extensions: [] });
  const checkpoint = formatNote({ text, signatures: [signNote(text, key)] });
  writeFileSync(file, formatProofFile({ index: 3, proof: inclusionProof(3, 5, source), checkpoint }));
  writeFileSync(`${file}.entry`, "d");
  writeFileSync(join(directory, "policy"), `log ${formatVerifierKey(key.verifier)}\nquorum none\n`);
  writeFileSync(join(directory, "other"), "x");
});
afterAll(() => rmSync(directory, { recursive: true }));

async function verifyProof(...args: string[]): Promise<{ code: number; text: string }> {
  let text = "";
  const out = { write: (more: string) => void (text += more) };
  const code = await run(["verify-proof", file, ...args], { out, env: {}, signal: new AbortController().signal }, out);
  return { code, text };
}

describe("P6: verify-proof, offline", () => {
  it("says what is proven, with a key or a policy", async () => {
    const proven = { code: 0, text: `entry 3 is in ${ORIGIN}, which had 5 entries\n` };
    expect(await verifyProof("--key", formatVerifierKey(key.verifier))).toEqual(proven);
    expect(await verifyProof("--policy", join(directory, "policy"))).toEqual(proven);
  });

  it("fails with the reason for another key, another entry, and without anybody to trust", async () => {
    expect(await verifyProof("--key", formatVerifierKey(other.verifier))).toMatchObject({
      code: 1,
      text: expect.stringContaining("signature_missing") as string,
    });
    const wrong = await verifyProof("--policy", join(directory, "policy"), "--entry", join(directory, "other"));
    expect(wrong).toMatchObject({ code: 1, text: expect.stringContaining("root_mismatch") as string });
    expect((await verifyProof()).code).toBe(2);
  });
});
