// `npm run verify`: every `check:*` script of package.json, two at a time, and one table at the end. `npm run verify -- lint types` runs only those.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

type Check = { readonly name: string; readonly command: string };
type Outcome = "ok" | "FAILED" | "open";
type Result = { readonly check: Check; readonly outcome: Outcome; readonly seconds: number; readonly output: string };

const PREFIX = "check:";
/** EX_TEMPFAIL: the check could not get its answer here. It does not fail the run, and does not look clean either. */
const NO_ANSWER = 75;
const AT_ONCE = Math.max(2, availableParallelism());

function readChecks(): Check[] {
  const { scripts = {} } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts?: Record<string, string> };
  return Object.entries(scripts)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, command]) => ({ name: name.slice(PREFIX.length), command }));
}

/** What cannot be run must not look clean. */
function problem(checks: readonly Check[], wanted: readonly string[]): string | undefined {
  const names = checks.map(({ name }) => name);
  const unknown = wanted.filter((name) => !names.includes(name));
  if (names.length === 0) return `package.json has no ${PREFIX}* scripts.`;
  return unknown.length === 0 ? undefined : `No such check: ${unknown.join(", ")}. There are: ${names.join(", ")}.`;
}

function run(check: Check): Promise<Result> {
  const started = performance.now();
  const child = spawn("/bin/sh", ["-c", check.command], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ check, outcome: outcomeOf(code), seconds: (performance.now() - started) / 1000, output }));
  });
}

function outcomeOf(code: number | null): Outcome {
  if (code === 0) return "ok";
  return code === NO_ANSWER ? "open" : "FAILED";
}

/** A failure is shown when it happens, whole, so that the table is the last thing on the screen. */
async function runAll(checks: readonly Check[], atOnce: number): Promise<Result[]> {
  const waiting = [...checks];
  const results: Result[] = [];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const result = await run(next);
      results.push(result);
      if (result.outcome !== "ok") process.stdout.write(`\n--- ${next.name}: ${next.command}\n${result.output.trimEnd()}\n`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results.toSorted((a, b) => checks.indexOf(a.check) - checks.indexOf(b.check));
}

function report(results: readonly Result[]): void {
  process.stdout.write("\n");
  for (const { check, outcome, seconds } of results) {
    process.stdout.write(
      `${outcome.padEnd(6)}  ${check.name.padEnd(10)} ${seconds.toFixed(1).padStart(5)} s   npm run ${PREFIX}${check.name}\n`,
    );
  }
  const failed = results.filter(({ outcome }) => outcome === "FAILED").length;
  const open = results.filter(({ outcome }) => outcome === "open").length;
  const clean = open === 0 ? "All checks are clean." : `All checks that had an answer are clean; ${open} had none.`;
  process.stdout.write(failed === 0 ? `\n${clean}\n` : `\n${failed} of ${results.length} checks failed.\n`);
}

async function main(wanted: readonly string[]): Promise<number> {
  const checks = readChecks();
  const wrong = problem(checks, wanted);
  if (wrong !== undefined) {
    process.stderr.write(`${wrong}\n`);
    return 1;
  }
  const results = await runAll(wanted.length === 0 ? checks : checks.filter(({ name }) => wanted.includes(name)), AT_ONCE);
  report(results);
  return results.some(({ outcome }) => outcome === "FAILED") ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
