import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openCheckpoint } from "@countersign/tlog";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { readKeyFile } from "./adapters/key-files.ts";
import { sealedLedger, sealingDatabase, type SealedLedger } from "./testing/sealed-ledger.ts";

let database: Awaited<ReturnType<typeof sealingDatabase>>;
let ledger: SealedLedger;
let keyFile: string;
beforeAll(async () => {
  database = await sealingDatabase();
  ledger = await sealedLedger(database);
  keyFile = join(ledger.anchorPath, "key.pem");
  writeFileSync(keyFile, generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }));
});
afterAll(async () => {
  await ledger.close();
  await database.drop();
});

const PROGRAM = fileURLToPath(new URL("./testing/sealer-process.ts", import.meta.url));

it("P6: a sealer killed at any moment leaves nothing that the next one does not continue", async () => {
  const anchored = () => (existsSync(ledger.anchorFile) ? readFileSync(ledger.anchorFile, "utf8").split("\n").slice(0, -1) : []);
  const appending = new AbortController();
  const appender = (async () => {
    while (!appending.signal.aborted) {
      await ledger.append(20);
      await pause(20);
    }
  })();
  for (const seals of [1, 3]) {
    const sealer = spawn(process.execPath, [PROGRAM, ledger.url, ledger.name, ledger.anchorPath, keyFile], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(sealer.stdout, "data");
    const before = anchored().length;
    await vi.waitFor(() => expect(anchored().length).toBeGreaterThanOrEqual(before + seals), { timeout: 20_000, interval: 1 });
    sealer.kill("SIGKILL");
    await once(sealer, "exit");
  }
  appending.abort();
  await appender;
  const parts = ledger.parts({ keys: [readKeyFile(keyFile)] });
  await vi.waitFor(() => ledger.seal(parts), { timeout: 30_000, interval: 50 });
  expect((await ledger.store.newest())?.size).toBe(await ledger.log.nextPosition());
  // Whatever was ever signed, also by those who died before their commit, is a past of the log as it is now.
  const signed = anchored();
  expect(signed.length).toBeGreaterThan(3);
  for (const line of signed) {
    const { size, root } = openCheckpoint(Buffer.from(line.split(" ")[1] ?? "", "base64"), parts.signerFor(1).keys).checkpoint;
    expect(Buffer.compare(await ledger.store.root(1, size), root)).toBe(0);
  }
  expect((await ledger.check(parts)).flaws).toEqual([]);
});
