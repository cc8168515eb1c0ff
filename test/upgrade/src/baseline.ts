import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { migrate, sqlMigration, type MigrationSet } from "@countersign/database";
import { writeTables, type TableRows } from "./ledger-copy.ts";
import { layKeys } from "./running-build.ts";
import type { OpenEnds } from "./story.ts";

/** A small ledger as an earlier build left it. */
export type Baseline = {
  /** The commit that made it. */
  readonly build: string;
  /** Just after its last event. */
  readonly time: string;
  readonly openEnds: OpenEnds;
  /** The last checkpoint that it signed, and the key. */
  readonly checkpoint: string;
  readonly key: string;
};

/** The SQL of its migrations: schema, name, text. */
export type MigrationTexts = Readonly<Record<string, Readonly<Record<string, string>>>>;

const FOLDER = fileURLToPath(new URL("../baseline/", import.meta.url));
const at = (name: string): string => join(FOLDER, name);
/** An archive of a tenant that the build made. */
export const ARCHIVE = at("acme.tar");

export const readBaseline = (): Baseline => readJson("baseline.json") as Baseline;
export const readMigrations = (): MigrationTexts => readJson("migrations.json") as MigrationTexts;

function readRows(): TableRows {
  const lines = (file: string) =>
    readFileSync(join(at("rows"), file), "utf8")
      .split("\n")
      .slice(0, -1);
  return Object.fromEntries(readdirSync(at("rows")).map((file) => [file.replace(/\.copy$/, ""), lines(file)]));
}

export function writeBaseline(
  baseline: Baseline,
  parts: { readonly migrations: MigrationTexts; readonly tables: TableRows; readonly anchor: string; readonly archive: Uint8Array },
): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  writeJson("baseline.json", baseline);
  writeJson("migrations.json", parts.migrations);
  mkdirSync(at("rows"));
  for (const [table, lines] of Object.entries(parts.tables)) {
    writeFileSync(join(at("rows"), `${table}.copy`), lines.map((line) => `${line}\n`).join(""));
  }
  writeFileSync(ARCHIVE, parts.archive);
  cpSync(parts.anchor, at("anchor"), { recursive: true });
}

/** What migrations are, word by word. */
export function textsOf(sets: readonly MigrationSet[]): MigrationTexts {
  const texts = ({ migrations }: MigrationSet) => Object.entries(migrations).map(([name, { text }]) => [name, text] as const);
  return Object.fromEntries(sets.map((set) => [set.schema, Object.fromEntries(texts(set))]));
}

/** Makes the schemas as the earlier build made them, and fills them with what it left. */
export async function restoreDatabase(url: string): Promise<void> {
  const sets = Object.entries(readMigrations()).map(([schema, texts]): MigrationSet => {
    const migrations = Object.entries(texts).map(([name, text]) => [name, sqlMigration(text)] as const);
    return { schema, migrations: Object.fromEntries(migrations) };
  });
  await migrate(url, sets);
  await writeTables(url, readRows());
}

/** Keys and anchor, where a build looks for them. */
export function restoreFolder(folder: string): void {
  layKeys(folder);
  cpSync(at("anchor"), join(folder, "anchor"), { recursive: true });
}

const readJson = (name: string): unknown => JSON.parse(readFileSync(at(name), "utf8"));
const writeJson = (name: string, value: unknown): void => writeFileSync(at(name), `${JSON.stringify(value, undefined, 2)}\n`);
