import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CommanderError, type Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "./program.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const DOCUMENTS = globSync(["*.md", "{docs,deploy,libs,services,test}/**/*.md", "deploy/**/*.{yaml,txt,sh}"], {
  cwd: ROOT,
  exclude: (name) => /node_modules|\/secrets\//.test(name),
});

type Mention = {
  readonly where: string;
  readonly text: string;
  /** To be typed as it stands, not only a name in a sentence. */ readonly whole: boolean;
};

/** Lines of code blocks, and code spans. In anything but Markdown every line is looked at for spans only. */
function mentions(path: string): readonly Mention[] {
  let block = false;
  return readFileSync(join(ROOT, path), "utf8")
    .split("\n")
    .flatMap((line, index): readonly Mention[] => {
      const where = `${path}:${index + 1}`;
      if (/^\s*```/.test(line)) block = !block;
      if (block) return [{ where, text: line.replace(/\s{2,}.*$|\s#.*$|\s>.*$/, "").trim(), whole: true }];
      return Array.from(line.matchAll(/`([^`]+)`/g), ([, text = ""]) => ({ where, text, whole: false }));
    });
}

const ALL = DOCUMENTS.flatMap(mentions);

/** What a shell would hand over, for as much of shell as the documents use. */
function words(text: string): readonly string[] {
  return Array.from(text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g), ([, single, double, bare]) => single ?? double ?? bare ?? "");
}

/** Parses and runs nothing. */
function dryProgram(): Command {
  const nowhere = { write: () => true };
  const program = createProgram({ out: nowhere, env: {}, signal: new AbortController().signal }, nowhere);
  const disarm = (command: Command): void => {
    if (command.commands.length === 0) command.action(() => {});
    command.exitOverride();
    command.commands.forEach(disarm);
  };
  disarm(program);
  return program;
}

/** In a sentence a command may stand without what it needs, and a placeholder for a value. */
const INCOMPLETE = new Set([
  "commander.missingArgument",
  "commander.missingMandatoryOptionValue",
  "commander.optionMissingArgument",
  "commander.help",
]);

function wrongWith({ text, whole }: Mention): string | undefined {
  const args = words(text.replace(/^(npm run( -s)? )?countersign( --)? /, ""));
  try {
    dryProgram().parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0 || (!whole && INCOMPLETE.has(error.code))) return undefined;
    return error.message;
  }
  return undefined;
}

describe("what the documents tell to type", () => {
  it("the command line client knows each command and each of its options", () => {
    const commands = ALL.filter(({ text }) => /^(npm run( -s)? countersign --|countersign) [a-z-]/.test(text));
    expect(commands.length).toBeGreaterThan(30);
    expect(commands.map((mention) => ({ ...mention, wrong: wrongWith(mention) })).filter(({ wrong }) => wrong !== undefined)).toEqual([]);
  });

  it("package.json has each script", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> };
    const named = ALL.flatMap(({ where, text }) =>
      Array.from(text.matchAll(/\bnpm (?:run (?:-s )?([\w:-]+)|(start|test))/g), ([, script, own]) => ({
        where,
        script: script ?? own ?? "",
      })),
    );
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter(({ script }) => !(script in scripts))).toEqual([]);
  });

  it("the starter policy has what the README's edit replaces", () => {
    const readme = readFileSync(join(ROOT, "README.md"), "utf8");
    const [, replaced = ""] = /^sed -i\.bak 's\/(.+?)\/.*' my-policy\.yaml$/m.exec(readme) ?? [];
    expect(replaced).not.toBe("");
    expect(readFileSync(join(ROOT, "services/policy/starter-policy.yaml"), "utf8")).toContain(replaced);
  });
});
