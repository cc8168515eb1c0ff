import { appendFileSync } from "node:fs";
import { CommanderError } from "commander";
import { parseOptions } from "./options.ts";
import { runChaos, type Outcome } from "./run.ts";

/** The outcome for people: what was done, what came of it, and what does not hold. */
function describe({ seed, faults, leftOut, problems, history, refusals, ...counts }: Outcome): string {
  const list = (entries: Readonly<Record<string, unknown>>): string =>
    Object.entries(entries)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(", ") || "none";
  const felt = Object.fromEntries(Object.entries(faults).map(([kind, count]) => [kind, `${count.felt} of ${count.done}`]));
  return [
    ...(problems.length === 0 ? [] : ["", "What happened:", ...history, "", `${problems.length} problems:`, ...problems]),
    "",
    `faults, and how often something was felt of them: ${list(felt)}`,
    ...(Object.keys(leftOut).length === 0 ? [] : [`left out: ${list(leftOut)}`]),
    `refused and unknown: ${list(refusals)}`,
    `${counts.actions} actions, ${counts.acknowledged} acknowledgements, ${counts.events} events`,
    problems.length === 0 ? `P1 to P5 hold, fsck is clean (seed ${seed})` : `FAILED: repeat with --seed ${seed}`,
    "",
  ].join("\n");
}

async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv, Math.floor(Math.random() * 1_000_000) + 1);
  const begun = performance.now();
  const tell = (text: string): void => {
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    if (!options.json) process.stdout.write(`${seconds.padStart(7)} s  ${text}\n`);
  };
  tell(`seed ${options.seed}`);
  const { logs } = options;
  const keep = (name: string, line: string): void => {
    if (logs !== undefined) appendFileSync(logs, `${name} ${line}\n`);
  };
  const outcome = await runChaos(options, keep, tell);
  process.stdout.write(options.json ? `${JSON.stringify(outcome)}\n` : describe(outcome));
  return outcome.problems.length === 0 ? 0 : 1;
}

const code = await main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof CommanderError)) throw error;
  return error.exitCode;
});
// Not left to Node.js: after some faults its own end waits for a handle that is gone, and never comes.
process.stdout.write("", () => process.exit(code));
