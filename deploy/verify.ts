// `npm run verify`: every `check:*` script of package.json, two at a time, and one table at the end. `npm run verify -- lint types` runs only those.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

type Check = { readonly name: string; readonly command: string };
type Result = { readonly check: Check; readonly ok: boolean; readonly seconds: number; readonly output: string };

const PREFIX = "check:";

function readChecks(wanted: readonly string[]): Check[] {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  const checks = Object.entries(scripts)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, command]) => ({ name: name.slice(PREFIX.length), command }));
  const unknown = wanted.filter((name) => checks.every((check) => check.name !== name));
  if (unknown.length > 0) throw new Error(`No such check: ${unknown.join(", ")}. There are: ${checks.map(({ name }) => name).join(", ")}.`);
  return wanted.length === 0 ? checks : checks.filter(({ name }) => wanted.includes(name));
}

function run(check: Check): Promise<Result> {
  const started = performance.now();
  const child = spawn("/bin/sh", ["-c", check.command], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ check, ok: code === 0, seconds: (performance.now() - started) / 1000, output }));
  });
}

/** A failure is shown when it happens, whole, so that the table is the last thing on the screen. */
async function runAll(checks: readonly Check[], atOnce: number): Promise<Result[]> {
  const waiting = [...checks];
  const results: Result[] = [];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const result = await run(next);
      results.push(result);
      if (!result.ok) process.stdout.write(`\n--- ${next.name}: ${next.command}\n${result.output.trimEnd()}\n`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results.toSorted((a, b) => checks.indexOf(a.check) - checks.indexOf(b.check));
}

const checks = readChecks(process.argv.slice(2));
const results = await runAll(checks, Math.max(2, availableParallelism()));
process.stdout.write("\n");
for (const { check, ok, seconds } of results) {
  process.stdout.write(
    `${ok ? "ok    " : "FAILED"}  ${check.name.padEnd(10)} ${seconds.toFixed(1).padStart(5)} s   npm run ${PREFIX}${check.name}\n`,
  );
}
const failed = results.filter(({ ok }) => !ok).length;
process.stdout.write(failed === 0 ? "\nAll checks are clean.\n" : `\n${failed} of ${results.length} checks failed.\n`);
process.exitCode = failed === 0 ? 0 : 1;
