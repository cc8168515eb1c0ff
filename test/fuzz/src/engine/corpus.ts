import { hash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../corpus", import.meta.url));

/** Where inputs of a target are kept that once broke something. */
export const corpusOf = (target: string): string => join(ROOT, target);

/** What was found before, to be tried again: a regression has no second chance. */
export function readCorpus(target: string): readonly { readonly name: string; readonly input: Uint8Array }[] {
  const folder = corpusOf(target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .toSorted()
    .map((name) => ({ name, input: readFileSync(join(folder, name)) }));
}

/** Names of all targets that have a corpus. */
export const corpusTargets = (): readonly string[] => (existsSync(ROOT) ? readdirSync(ROOT) : []);

/** Keeps an input, under its hash. */
export function keep(target: string, input: Uint8Array): string {
  const folder = corpusOf(target);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, hash("sha256", input).slice(0, 16));
  writeFileSync(file, input);
  return file;
}
