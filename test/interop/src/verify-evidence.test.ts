import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  joinTar,
  LOG_VKEY,
  logKey,
  playAgain,
  playOtherStreams,
  sampleArchive,
  sampleLog,
  splitTar,
  START,
  STEP,
  witnessKey,
  type Sample,
} from "@countersign/evidence/testing";
import {
  formatCheckpoint,
  formatNote,
  formatProofFile,
  formatVerifierKey,
  inclusionProof,
  leafHash,
  nodesOfEntries,
  signerKeyOfSeed,
  signNote,
  treeRoot,
} from "@countersign/tlog";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const SCRIPT = fileURLToPath(new URL("../verify_evidence.py", import.meta.url));
const python = spawnSync("python3", ["--version"]).status === 0;

// Without Python there is no second implementation, and this file shows nothing: that must be seen, so it fails with the reason.
it("python3 is here, as the independent verifier needs it", () => {
  expect(python, "install python3 (3.11 or newer)").toBe(true);
});

describe.runIf(python)("P6: an implementation that shares no code with ours", () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-interop-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (...args: readonly string[]): { readonly status: number | null; readonly out: string } => {
    const { status, stdout, stderr } = spawnSync("python3", [SCRIPT, ...args], { encoding: "utf8" });
    return { status, out: stdout + stderr };
  };
  const file = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const judge = (bytes: Uint8Array): ReturnType<typeof run> => run("archive", LOG_VKEY, file("archive.tar", bytes));

  describe("verifies archives", () => {
    let sample: Sample;
    beforeAll(async () => {
      const log = await sampleLog({ actions: 10, reviewEvery: 5, hostile: 'ü\u2028"\\' });
      await playOtherStreams(log, START + 10 * STEP, "a-5");
      sample = await sampleArchive(log, { from: 2, to: 11 });
    });

    it("finds no flaw in a good one", () => {
      const { status, out } = judge(sample.bytes);
      expect(out).toContain("no flaw");
      expect(status).toBe(0);
    });

    it("finds any byte that was changed, and any part that was changed under a manifest that fits", () => {
      const flipped = fc.sample(fc.nat(sample.bytes.length - 1), 20).map((at) => {
        const bytes = Buffer.from(sample.bytes);
        bytes[at] = (bytes[at] ?? 0) ^ 0x10;
        return bytes;
      });
      const forged = ["index", "tree", "entries", "contents", "csv"].map((part) =>
        joinTar(
          splitTar(sample.bytes).map(({ name, body }) => {
            if (name === `log/000000.${part}`) body[90] = (body[90] ?? 0) ^ 1;
            return { name, body };
          }),
        ),
      );
      const files = [...flipped, ...forged].map((bytes, number) => file(`${number}.tar`, bytes));
      const verdicts = run("archive", LOG_VKEY, ...files)
        .out.split("\n")
        .filter((line) => line.startsWith(folder));
      expect(verdicts).toEqual(files.map((path) => `${path}: FLAWED`));
    });

    it("names the position of an entry that was changed", () => {
      const bytes = Buffer.from(sample.bytes);
      bytes.write("ExecutionRefuted_", bytes.indexOf("ExecutionReported", bytes.indexOf("log/000000.entries")));
      expect(judge(bytes).out).toMatch(/^LEAF_HASH, position \d+,/m);
    });

    it("holds votes against their deadlines", async () => {
      const { bytes } = await sampleArchive(await sampleLog({ actions: 2, reviewEvery: 2, reviewMs: 4000 }), { to: 2 });
      expect(judge(bytes).out).toMatch(/^TIME, position \d+, a vote was cast after the review's deadline$/m);
    });

    it("holds redemptions against the grant's expiry, break-glass votes against deadline and signature, joined reviews against the digest", async () => {
      const played = async (at: number, forged: Parameters<typeof playAgain>[3]): Promise<readonly string[]> => {
        const log = await sampleLog({ actions: 1 });
        await playAgain(log, "a-0", at, forged);
        const { out } = judge((await sampleArchive(log, { to: 20 })).bytes);
        return out.split("\n").flatMap((line) => /^([A-Z_]+), position \d+, (.*)$/.exec(line)?.slice(1).join(": ") ?? []);
      };
      expect(await played(START + 20_000, {})).toEqual([]);
      expect(await played(START + 11 * STEP, {})).toEqual([
        "TIME: a vote was cast after the review's deadline",
        "TIME: the grant was redeemed after it had expired",
      ]);
      expect(await played(START + 20_000, { digest: Buffer.alloc(32, 7), signed: "a-1" })).toEqual([
        "ACTION_DIGEST: it is about another digest than the verdict before it",
        "VOTE_SIGNATURE: the signature of the vote does not verify",
      ]);
    });

    it("tells when the end was cut off, up to which it says that nothing is missing, and when the policy in force was left out", async () => {
      const { bytes } = await sampleArchive(await sampleLog({ actions: 3 }), {
        from: 1,
        to: 2,
        change: (entries, header) => (entries.splice(0, 2), entries.splice(-2), { ...header, lastSequence: header.lastSequence - 1 }),
      });
      const { status, out } = judge(bytes);
      expect(out).toMatch(/^TENANT_SEQUENCE, the tenant's events from number \d+ on are missing$/m);
      expect(out).toMatch(/^POLICY, position \d+, no event publishes revision 1, by which the verdict is$/m);
      expect(status).toBe(1);
    });

    it("takes an erasure behind the archive for what it is", async () => {
      const erasedLater = async (by: number): Promise<string> => {
        const { bytes } = await sampleArchive(await sampleLog({ actions: 2 }), {
          to: 2,
          change: (entries, header) => {
            for (const [number, entry] of entries.entries()) {
              const later = new Map([...entry.contents.keys()].map((digest) => [digest, by] as const));
              if (entry.event.type === "ActionRequested") entries[number] = { ...entry, contents: new Map(), erasedLater: later };
            }
            return header;
          },
        });
        return judge(bytes).out;
      };
      expect(await erasedLater(1000)).toMatch(/2 contents were erased by events behind the archive[^]*no flaw/);
      expect(await erasedLater(3)).toMatch(/^CONTENT, position \d+, the event that erased it would have to be in the archive$/m);
    });

    it("checks cosignatures of the witnesses that are named", () => {
      const witness = formatVerifierKey(witnessKey.verifier);
      const other = formatVerifierKey(signerKeyOfSeed(witnessKey.verifier.name, "cosignature", Buffer.alloc(32, 9)).verifier);
      const path = file("witnessed.tar", sample.bytes);
      expect(run("archive", LOG_VKEY, "--witness", witness, path).out).toContain("no flaw");
      expect(run("archive", LOG_VKEY, "--witness", other, path).out).toContain("WITNESS, witness.example/w1 has not cosigned it");
    });

    it("says that nothing was verified when a key or a file is none, and is not about flaws then", () => {
      const archive = file("archive.tar", sample.bytes);
      for (const [args, why] of [
        [[LOG_VKEY.slice(0, -1), archive], "a key is a name"],
        [["key", archive], "a key is a name"],
        [[LOG_VKEY.replace(/^./, "x"), archive], "not copied to the letter"],
        [[LOG_VKEY, "--witness", LOG_VKEY, archive], "no witness key"],
        [[LOG_VKEY, join(folder, "none.tar")], "No such file"],
      ] as const) {
        const { status, out } = run("archive", ...args);
        expect(out).toMatch(new RegExp(`^not verified: .*${why}`));
        expect(status).toBe(2);
      }
    });

    it("refuses another key than the one that signed", () => {
      const other = formatVerifierKey(signerKeyOfSeed(logKey.verifier.name, "note", Buffer.alloc(32, 9)).verifier);
      expect(run("archive", other, file("archive.tar", sample.bytes)).status).toBe(1);
    });
  });

  describe("verifies proofs", () => {
    const entries = Array.from({ length: 11 }, (_, number) => Buffer.from(`entry ${number}`));
    const text = formatCheckpoint({ origin: logKey.verifier.name, size: 11, root: treeRoot(11, nodesOfEntries(entries)), extensions: [] });
    const checkpoint = formatNote({ text, signatures: [signNote(text, logKey)] });
    const proof = (index: number): Buffer =>
      formatProofFile({ index, proof: inclusionProof(index, 11, nodesOfEntries(entries)), checkpoint });
    const judgeProof = (bytes: Uint8Array, entry: Uint8Array): ReturnType<typeof run> =>
      run("proof", LOG_VKEY, file("r.tlog-proof", bytes), file("entry", entry));

    it.each([0, 7, 10])("of entry %i", (index) => {
      expect(leafHash(entries[index] ?? Buffer.alloc(0))).toHaveLength(32);
      const { status, out } = judgeProof(proof(index), entries[index] ?? Buffer.alloc(0));
      expect(out).toContain("no flaw");
      expect(status).toBe(0);
    });

    it("and refuses one for another entry, and one whose proof or signature was changed", () => {
      expect(judgeProof(proof(4), Buffer.from("entry 5")).status).toBe(1);
      const good = proof(4).toString();
      const lines = good.split("\n");
      const swapped = [lines[0], lines[1], lines[3], lines[2], ...lines.slice(4)].join("\n");
      expect(judgeProof(Buffer.from(swapped), Buffer.from("entry 4")).status).toBe(1);
      expect(judgeProof(Buffer.from(good.replace("\n11\n", "\n12\n")), Buffer.from("entry 4")).status).toBe(1);
    });
  });
});
