import { execFile, spawn } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

// bootstrap.mjs in a repository of its own: an `npx` that notes its arguments and "installs" our Node.js, and programs that say what they got.
const here = fileURLToPath(new URL(".", import.meta.url));
const LOCK = "lockfileVersion: '9.0'\n";
const INSTALLS = `#!/bin/sh
echo "$@" >> installed
mkdir -p node_modules/node/bin
ln -sf "${process.execPath}" node_modules/node/bin/node
`;
const REPORTS = `
process.on("SIGTERM", () => setTimeout(() => process.exit(42), 50));
process.stdout.write(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), path: process.env.PATH }) + "\\n");
if (process.argv[2] === "exit") process.exit(Number(process.argv[3]));
if (process.argv[2] === "wait") setInterval(() => {}, 1000);
`;
// As on Node.js 20, which cannot replace itself.
const WITHOUT_EXECVE = ["--import", "data:text/javascript,delete process.execve"];

describe("bootstrap", () => {
  let root: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "countersign-bootstrap-")));
    cpSync(join(here, "bootstrap.mjs"), join(root, "deploy/bootstrap.mjs"));
    cpSync(join(here, "bootstrap"), join(root, "deploy/bootstrap"), { recursive: true });
    write("package.json", JSON.stringify({ type: "module", packageManager: "pnpm@10.0.1" }));
    write("pnpm-lock.yaml", LOCK);
    write("libs/cli/src/main.ts", REPORTS);
    write("deploy/standalone/src/main.ts", REPORTS);
    write("bin/npx", INSTALLS);
    chmodSync(join(root, "bin/npx"), 0o755);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (path: string, text: string) => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const env = () => ({ ...process.env, PATH: `${root}/bin:/usr/bin:/bin:/usr/sbin` });
  const bootstrap = async (args: readonly string[], flags: readonly string[] = []) => {
    const argv = [...flags, "deploy/bootstrap.mjs", ...args];
    return promisify(execFile)(process.execPath, argv, { cwd: root, env: env() }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }),
    );
  };
  const installs = () => (existsSync(join(root, "installed")) ? readFileSync(join(root, "installed"), "utf8").trimEnd().split("\n") : []);

  it("installs with the pinned pnpm once, behind one line, and again when the lock file changed", async () => {
    const first = await bootstrap(["cli"]);
    expect(first.stderr).toMatch(/^Installing dependencies \.\.\. done in [\d.]+ s\n$/);
    expect((await bootstrap(["cli"])).stderr).toBe("");
    expect(installs()).toEqual(["-y pnpm@10.0.1 install --frozen-lockfile"]);
    write("pnpm-lock.yaml", `${LOCK}settings: {}\n`);
    await bootstrap(["cli"]);
    expect(installs()).toHaveLength(2);
  });

  it("shows the whole output of a failed installation, starts nothing, and tries again next time", async () => {
    write("bin/npx", "#!/bin/sh\necho installing; echo EAI_AGAIN registry >&2; exit 1\n");
    const failed = await bootstrap(["cli"]);
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(failed.stderr).toContain("installing\nEAI_AGAIN registry");
    expect(failed.stderr).toContain("Is the npm registry reachable?");
    write("bin/npx", INSTALLS);
    expect((await bootstrap(["cli"])).code).toBe(0);
  });

  it.each([
    ["in its own place", []],
    ["as a child", WITHOUT_EXECVE],
  ])("passes arguments and the exit code on, %s", async (_how, flags) => {
    const result = await bootstrap(["cli", "exit", "7", "a b"], flags);
    expect(result.code).toBe(7);
    expect(JSON.parse(result.stdout)).toMatchObject({ args: ["exit", "7", "a b"], cwd: root });
  });

  it.each([
    ["in its own place", []],
    ["as a child", WITHOUT_EXECVE],
  ])("passes a signal on and waits for the end, %s", async (_how, flags) => {
    await bootstrap(["cli"]);
    const child = spawn(process.execPath, [...flags, "deploy/bootstrap.mjs", "cli", "wait"], { cwd: root, env: env() });
    child.stdout.once("data", () => child.kill("SIGTERM"));
    expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(42);
  });

  it("puts nats-server and the pinned tools on the PATH", async () => {
    const { stdout } = await bootstrap(["start"]);
    const { path } = JSON.parse(stdout) as { path: string };
    expect(path.startsWith(`${root}/node_modules/.bin:`)).toBe(true);
    expect(path.split(":").some((folder) => existsSync(join(folder, "nats-server")))).toBe(true);
  });

  it("names the targets when it does not know one", async () => {
    const result = await bootstrap(["strat"]);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toBe(
      'Unknown target "strat". There are: start, test, demo, bench, chaos, fuzz, cli, build:client, build:verifier, verify.\n',
    );
  });
});
