// `npm test`: every test, or those whose path contains an argument (`npm test -- libs/tlog`), then one last line with the real totals.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closingLine, countTests, type TestReport, type Totals } from "./test-totals.ts";

// Longer than any healthy run: a test run that hangs is a failure, and it ends.
const DEADLINE_MS = 15 * 60_000;
const GRACE_MS = 15_000;

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-report-"));
  const report = join(folder, "report.json");
  try {
    const code = await runVitest(["--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...process.argv.slice(2)]);
    const totals = readTotals(report, code);
    process.stdout.write(`\n${closingLine(totals)}\n`);
    return code === 0 && totals.failed > 0 ? 1 : code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every way to fail must show in the totals: no report, or a bad exit that no test explains, is one failure. */
function readTotals(report: string, code: number): Totals {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const totals = countTests(JSON.parse(readFileSync(report, "utf8")) as TestReport);
  return code !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals;
}

function runVitest(args: readonly string[]): Promise<number> {
  const vitest = spawn(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...args], { stdio: "inherit" });
  const stop = () => {
    vitest.kill("SIGTERM");
    setTimeout(() => vitest.kill("SIGKILL"), GRACE_MS).unref();
  };
  const deadline = setTimeout(() => {
    process.stderr.write(`\nThe tests did not end within ${DEADLINE_MS / 60_000} minutes.\n`);
    stop();
  }, DEADLINE_MS);
  // Ctrl-C in a terminal reaches vitest by itself.
  process.on("SIGINT", () => process.stdin.isTTY || stop());
  process.on("SIGTERM", stop);
  return new Promise((resolve, reject) => {
    vitest.once("error", reject);
    vitest.once("exit", (code) => {
      clearTimeout(deadline);
      resolve(code ?? 1);
    });
  });
}

process.exitCode = await main();
