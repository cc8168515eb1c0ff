import { CommanderError } from "commander";
import { corpusOf, keep, readCorpus } from "./engine/corpus.ts";
import { checkLaw } from "./engine/law.ts";
import { fuzz } from "./engine/run.ts";
import type { Target } from "./engine/target.ts";
import { startWatchdog } from "./engine/watchdog.ts";
import { parseOptions } from "./options.ts";

const tell = (text: string): void => void process.stdout.write(`${text}\n`);

/** One target for so long. @returns how many things broke */
async function run(target: Target, seed: number, seconds: number): Promise<number> {
  const watchdog = startWatchdog(target.name, corpusOf(target.name));
  const prepared = await target.prepare();
  let broken = 0;
  for (const { name, input } of readCorpus(target.name)) {
    const finding = await checkLaw(target, prepared, input, watchdog);
    if (finding === undefined) continue;
    broken += 1;
    tell(`${target.name}: ${name} of the corpus breaks it again: ${finding.detail}`);
  }
  const until = performance.now() + seconds * 1000;
  const { inputs, found } = await fuzz(target, prepared, { seed, goOn: () => performance.now() < until, watchdog });
  for (const { detail, input } of found) {
    const file = keep(target.name, input);
    tell(`${target.name}: FOUND with --seed ${seed} --target ${target.name}\n  ${detail}\n  input: ${shown(input)}\n  kept as ${file}`);
  }
  tell(`${target.name}: ${inputs} inputs, ${found.length} findings`);
  await watchdog.close();
  return broken + found.length;
}

function shown(input: Uint8Array): string {
  const text = JSON.stringify(Buffer.from(input).toString("utf8"));
  return text.length > 400 ? `${text.slice(0, 400)}... (${input.length} bytes)` : text;
}

async function main(argv: readonly string[]): Promise<number> {
  const { seed, seconds, targets } = parseOptions(argv, Math.floor(Math.random() * 1_000_000) + 1);
  tell(`seed ${seed}`);
  let broken = 0;
  for (const target of targets) broken += await run(target, seed, seconds);
  tell(
    broken === 0 ? "nothing broke" : `${broken} findings: mend them, and commit the inputs that were kept: tests try them again for ever`,
  );
  return broken === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode;
}
