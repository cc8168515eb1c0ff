import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRunning } from "@countersign/embedded";
import { developmentKeys } from "@countersign/standalone";
import { testNats } from "@countersign/testing";
import { expect, test } from "vitest";

const STARTER = `
import { startServiceProcess } from "@countersign/standalone";
const { pid } = await startServiceProcess("gateway", process.env);
console.log(pid);
setInterval(() => {}, 60_000);`;

/** As the end of a bench whose reader goes away: `npm run bench -- peers | head`. */
test("a service process ends with whoever started it, also with one that had no chance to stop it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-left-behind-"));
  const nats = await testNats();
  const { env } = await developmentKeys(join(folder, "keys"));
  const settings = { ...process.env, ...env, COUNTERSIGN_NATS_URL: nats.url, COUNTERSIGN_NATS_PREFIX: nats.prefix, COUNTERSIGN_PORT: "0" };
  const starter = execFile(process.execPath, ["--input-type=module", "--eval", STARTER], { cwd: import.meta.dirname, env: settings });
  let pid = 0;
  try {
    const printed = await new Promise<string>((resolve, reject) => {
      starter.stdout?.once("data", resolve);
      starter.once("exit", () => reject(new Error("it ended before")));
    });
    pid = Number(printed);
    expect(isRunning(pid)).toBe(true);
    starter.kill("SIGKILL");
    await expect.poll(() => isRunning(pid), { timeout: 30_000 }).toBe(false);
  } finally {
    starter.kill("SIGKILL");
    if (pid > 0 && isRunning(pid)) process.kill(pid, "SIGKILL");
    rmSync(folder, { recursive: true });
  }
}, 90_000);
