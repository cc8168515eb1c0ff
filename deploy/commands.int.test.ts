import { execFile } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

// run-tests.ts and verify.ts as programs, on a folder of their own.
const root = fileURLToPath(new URL("..", import.meta.url));
let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "countersign-commands-")));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (path: string, text: string) => writeFileSync(join(folder, path), text);

function run(program: string, ...args: readonly string[]): Promise<{ code: number; output: string; lastLine: string }> {
  // Without what vitest tells its own workers.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$|NODE_ENV|FORCE_COLOR)/.test(name)));
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, "deploy", program), ...args], { cwd: folder, env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, output: stdout + stderr, lastLine: stdout.trimEnd().split("\n").at(-1) ?? "" });
    });
  });
}

const imports = 'import { beforeAll, expect, it } from "vitest";\n';
const good = `${imports}it("a", () => expect(1).toBe(1));\nit("b", () => expect(1).toBe(1));\n`;

describe("run-tests", () => {
  it("ends with the totals and 0 when all is well", async () => {
    write("good.test.ts", good);
    expect(await run("run-tests.ts")).toMatchObject({ code: 0, lastLine: "2 passed, 0 failed" });
  });

  it("counts a failed test, a file that does not load, and a hook that throws", async () => {
    write("good.test.ts", good);
    write("bad.test.ts", `${imports}it("a", () => expect(1).toBe(2));\nit("b", () => {});\n`);
    write("load.test.ts", 'import "./nowhere.ts";\n');
    write("hook.test.ts", `${imports}beforeAll(() => { throw new Error("hook"); });\nit("a", () => {});\n`);
    expect(await run("run-tests.ts")).toMatchObject({ code: 1, lastLine: "3 passed, 3 failed, 1 skipped" });
  });

  it("counts an error outside of any test", async () => {
    write(
      "stray.test.ts",
      `${imports}it("a", () => void setTimeout(() => { throw new Error("stray"); }, 0));\nit("b", () => new Promise((go) => setTimeout(go, 50)));\n`,
    );
    expect(await run("run-tests.ts")).toMatchObject({ code: 1, lastLine: "2 passed, 1 failed" });
  });

  it("fails when there is nothing to run", async () => {
    expect(await run("run-tests.ts", "nowhere")).toMatchObject({ code: 1, lastLine: "0 passed, 1 failed" });
  });

  it("runs only what an argument names", async () => {
    write("good.test.ts", good);
    write("bad.test.ts", `${imports}it("a", () => expect(1).toBe(2));\n`);
    expect(await run("run-tests.ts", "good")).toMatchObject({ code: 0, lastLine: "2 passed, 0 failed" });
  });
});

describe("verify", () => {
  const checks = { "check:one": "echo fine", "check:two": "echo broken here >&2; exit 3", test: "exit 9" };

  it("runs every check to its end, shows what failed, and fails", async () => {
    write("package.json", JSON.stringify({ scripts: checks }));
    const { code, output } = await run("verify.ts");
    expect(code).toBe(1);
    expect(output).toMatch(/ok +one/);
    expect(output).toMatch(/FAILED +two/);
    expect(output).toContain("broken here");
    expect(output).toContain("1 of 2 checks failed.");
  });

  it("runs the checks that are named", async () => {
    write("package.json", JSON.stringify({ scripts: checks }));
    const { code, output } = await run("verify.ts", "one");
    expect(code).toBe(0);
    expect(output).not.toContain("two");
  });

  it("refuses a check that does not exist, and a package without any", async () => {
    write("package.json", JSON.stringify({ scripts: checks }));
    expect(await run("verify.ts", "thre")).toMatchObject({ code: 1, output: "No such check: thre. There are: one, two.\n" });
    write("package.json", "{}");
    expect(await run("verify.ts")).toMatchObject({ code: 1, output: "package.json has no check:* scripts.\n" });
  });
});
