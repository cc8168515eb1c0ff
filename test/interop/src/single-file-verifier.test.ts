import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LOG_VKEY, sampleArchive, sampleLog, witnessKey } from "@countersign/evidence/testing";
import { machineNode } from "@countersign/testing/machine-node";
import { formatVerifierKey } from "@countersign/tlog";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const BUILD = fileURLToPath(new URL("../../../deploy/build-verifier.ts", import.meta.url));

const NODE = machineNode([20, 12]);

describe("P6: the verifier as one file, in a directory with nothing else", () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-verifier-"));
  const path = (name: string): string => join(folder, name);
  let archive: Buffer;

  const verify = (...args: readonly string[]): { readonly status: number | null; readonly out: string } => {
    const { status, stdout, stderr } = spawnSync(NODE, ["countersign-verify.mjs", ...args], {
      cwd: folder,
      env: {},
      encoding: "utf8",
    });
    return { status, out: stdout + stderr };
  };

  beforeAll(async () => {
    expect(spawnSync(process.execPath, [BUILD, path("countersign-verify.mjs")]).status).toBe(0);
    ({ bytes: archive } = await sampleArchive(await sampleLog({ actions: 8 }), { to: 6 }));
    writeFileSync(path("good.tar"), archive);
    expect(readdirSync(folder).toSorted()).toEqual(["countersign-verify.mjs", "good.tar"]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("finds no flaw in a good archive, and says what it did not check", () => {
    const { status, out } = verify("good.tar", "--key", LOG_VKEY);
    expect(status).toBe(0);
    expect(out).toContain("no flaw");
    expect(out).toContain("whether witnesses saw the checkpoint: no policy was given");
  });

  it("exits with 1 and the position when an entry was changed", () => {
    const bytes = Buffer.from(archive);
    const at = bytes.indexOf("ExecutionReported", bytes.indexOf("log/000000.entries"));
    bytes.write("ExecutionRefuted_", at);
    writeFileSync(path("bad.tar"), bytes);
    const { status, out } = verify("bad.tar", "--key", LOG_VKEY);
    expect(status).toBe(1);
    expect(out).toMatch(/LEAF_HASH, position \d+, log\/000000.entries/);
    const { flaws, good } = JSON.parse(verify("bad.tar", "--key", LOG_VKEY, "--json").out) as { good: boolean; flaws: readonly object[] };
    expect(good).toBe(false);
    expect(flaws[0]).toMatchObject({ code: "LEAF_HASH", member: "log/000000.entries" });
  });

  it("does the same in threads, as it does with archives that are large", async () => {
    // A page for people is the cheapest way to make one large.
    const pages = (end: boolean) => (end ? [{ name: "report/index.html", bytes: Buffer.alloc(9 * 1024 * 1024, " ") }] : []);
    const { bytes } = await sampleArchive(await sampleLog({ actions: 8 }), {
      to: 6,
      segmentEntries: 7,
      reporter: { add: () => undefined, pages },
    });
    writeFileSync(path("large.tar"), bytes);
    const good = verify("large.tar", "--key", LOG_VKEY);
    expect(good.out).toContain("no flaw");
    expect(good.status).toBe(0);
    const at = bytes.indexOf("ExecutionReported", bytes.indexOf("log/000002.entries"));
    bytes.write("ExecutionRefuted_", at);
    writeFileSync(path("large.tar"), bytes);
    const { status, out } = verify("large.tar", "--key", LOG_VKEY);
    expect(status).toBe(1);
    expect(out).toMatch(/LEAF_HASH, position \d+, log\/\d+.entries/);
  });

  it("believes the pinned key and no other, and witnesses only by a policy", () => {
    const witness = formatVerifierKey(witnessKey.verifier);
    const stranger = `witness.example/other+12345678+${witness.split("+").at(-1)}`;
    writeFileSync(path("met.policy"), `log ${LOG_VKEY}\nwitness w ${witness}\nquorum w\n`);
    writeFileSync(path("wrong.policy"), `log ${LOG_VKEY}\nwitness w ${stranger}\nquorum w\n`);
    const met = verify("good.tar", "--policy", "met.policy");
    expect(met.status).toBe(0);
    expect(met.out).toContain("witness.example/w1");
    expect(verify("good.tar", "--policy", "wrong.policy").status).toBe(2);
  });

  it("exits with 2 when there is nothing to verify, or nothing to verify it with", () => {
    const missing = verify("missing.tar", "--key", LOG_VKEY);
    expect(missing.status).toBe(2);
    expect(missing.out).toContain("missing.tar cannot be read");
    const unpinned = verify("good.tar");
    expect(unpinned.status).toBe(2);
    expect(unpinned.out).toContain("pin the log's key with --key");
    expect(verify("good.tar", "--key", "nonsense").status).toBe(2);
    expect(verify("--nonsense").status).toBe(2);
  });
});
