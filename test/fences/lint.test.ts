import { spawn } from "node:child_process";
import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratchWorkspace, type ScratchWorkspace } from "./scratch-workspace.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const domain = "services/approval/src/domain";

type Report = { readonly diagnostics: readonly { readonly code: string; readonly filename: string }[] };

/** The same program and configuration as `npm run check:lint`. It exits with 1 when it finds something, which is what we want here. */
function lint(cwd: string): Promise<Report> {
  // The type-aware half is a program of its own, found through PATH.
  const env = { ...process.env, PATH: `${root}/node_modules/.bin:${process.env["PATH"] ?? ""}` };
  const child = spawn(`${root}/node_modules/.bin/oxlint`, ["--format", "json"], { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(JSON.parse(output) as Report));
  });
}

const LONG = "export const lines = 1;\n".repeat(301).replaceAll(/lines/g, (_, at: number) => `line${at}`);
const LONG_FUNCTION = `export function long(): void {\n${"  work();\n".repeat(60)}}\nfunction work(): void {}`;
const WAIT = "function wait(): Promise<void> { return Promise.resolve(); }\n";
const UNION =
  'type Kind = "allow" | "deny" | "review";\nexport function f(kind: Kind): void {\n  switch (kind) {\n    case "allow":\n      break;\n';

const PLANTED: readonly (readonly [rule: string, path: string, code: string])[] = [
  ["typescript(no-floating-promises)", "libs/log/src/floating.ts", `${WAIT}export function f(): void {\n  wait();\n}`],
  ["typescript(no-misused-promises)", "libs/log/src/misused.ts", `${WAIT}export function f(): void {\n  [1].forEach(() => wait());\n}`],
  ["typescript(await-thenable)", "libs/log/src/await.ts", "export async function f(): Promise<void> {\n  await 1;\n}"],
  ["typescript(switch-exhaustiveness-check)", "libs/log/src/switch.ts", `${UNION}  }\n}`],
  ["typescript(switch-exhaustiveness-check)", `${domain}/default.ts`, `${UNION}    default:\n  }\n}`],
  ["typescript(no-explicit-any)", "libs/log/src/any.ts", "export const a: any = 1;"],
  ["typescript(ban-ts-comment)", "libs/log/src/ignore.ts", "// @ts-ignore because\nexport const a: number = '';"],
  ["import(no-default-export)", "libs/log/src/default.ts", "export default 1;"],
  ["eslint(no-console)", "services/approval/src/log.ts", 'console.log("x");'],
  ["eslint(no-warning-comments)", "libs/log/src/later.ts", "// TODO: later\nexport const a = 1;"],
  ["eslint(max-lines)", "libs/log/src/long.ts", LONG],
  ["eslint(max-lines-per-function)", "libs/log/src/long-function.ts", LONG_FUNCTION],
  ["eslint(no-restricted-globals)", `${domain}/now.ts`, "export const now = () => Date.now();"],
  ["eslint(no-restricted-globals)", `${domain}/today.ts`, "export const today = () => new Date();"],
  ["eslint(no-restricted-globals)", `${domain}/setting.ts`, 'export const setting = process.env["X"];'],
  ["eslint(no-restricted-globals)", `${domain}/around.ts`, "export const now = () => globalThis.performance.now();"],
  ["eslint(no-restricted-properties)", `${domain}/dice.ts`, "export const dice = () => Math.random();"],
  ["eslint(no-restricted-globals)", "services/approval/src/workflows/expiry/decide.ts", "export const now = () => Date.now();"],
];

const ALLOWED: readonly (readonly [path: string, code: string])[] = [
  [`${domain}/values.ts`, "export type Known = { readonly at: Date };\nexport const ms = (known: Known): number => known.at.getTime();"],
  ["services/approval/src/app.ts", "export const clock = () => new Date();"],
  ["libs/cli/src/print.ts", 'console.log("for a person");'],
  ["libs/log/src/long.test.ts", LONG],
];

describe("lint fences", () => {
  let workspace: ScratchWorkspace;
  let found: Report;
  beforeAll(async () => {
    workspace = scratchWorkspace(["libs/log", "libs/cli", "services/approval"]);
    copyFileSync(`${root}/.oxlintrc.json`, `${workspace.folder}/.oxlintrc.json`);
    for (const [, path, code] of PLANTED) workspace.write(path, `${code}\n`);
    for (const [path, code] of ALLOWED) workspace.write(path, `${code}\n`);
    found = await lint(workspace.folder);
  });
  afterAll(() => workspace.remove());

  const rulesBrokenBy = (path: string) => found.diagnostics.filter(({ filename }) => filename === path).map(({ code }) => code);

  it.each(PLANTED)("%s in %s", (rule, path) => {
    expect(rulesBrokenBy(path)).toContain(rule);
  });

  it.each(ALLOWED)("allows %s", (path) => {
    expect(rulesBrokenBy(path)).toEqual([]);
  });
});
