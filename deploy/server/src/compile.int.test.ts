import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { compile } from "./compile.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "countersign-compile-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("compile", () => {
  it("leaves nothing to be compiled at a start", { timeout: 60_000 }, () => {
    const program = "services/directory/src/main.ts";
    expect(stripped(program, join(folder, "empty"))).toBeGreaterThan(100);

    const full = join(folder, "full");
    compile(full, [program]);
    compile(full, [program]);
    expect(stripped(program, full)).toBe(0);
    const files = readdirSync(full, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(new Set(files.map(({ parentPath, name }) => statSync(join(parentPath, name)).mode & 0o777))).toEqual(new Set([0o444]));
  });

  it("fails the build of an image in which a program does not load", () => {
    const broken = join(folder, "broken.mjs");
    writeFileSync(broken, `import "./not-there.mjs";`);
    expect(() => compile(join(folder, "none"), ["../".repeat(20) + broken.slice(1)])).toThrow(/not-there\.mjs/u);
  });
});

/** How many files of TypeScript a program has to strip of their types when it starts, by Node.js' own account. */
function stripped(program: string, cache: string): number {
  const env = { NODE_COMPILE_CACHE: cache, NODE_DEBUG_NATIVE: "COMPILE_CACHE" };
  const { stderr } = spawnSync(process.execPath, [join(ROOT, program)], { env, encoding: "utf8", maxBuffer: 64 * 1024 ** 2 });
  expect(stderr).toContain("is required");
  return stderr.split("no transpile cache for").length - 1;
}
