import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const PRINT_LOADED = `import { registerHooks } from "node:module";
registerHooks({ load: (url, context, next) => (console.error(url), next(url, context)) });`;

/** What only a few commands need: events, verify, witness, and making development tokens. */
const HEAVY =
  /\/(?:kysely|pg|@nats-io|zod|yaml|pino|jose)\/|\/libs\/(?:bus|database|event-log|events|evidence|identity|mcp-guard|witness)\//;

test("a command loads no database, bus, verifier or issuer that it does not use", async () => {
  const hook = `data:text/javascript,${encodeURIComponent(PRINT_LOADED)}`;
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--import", hook, main, "--help"], { timeout: 60_000 });
  expect(stdout).toContain("Usage: countersign");
  const loaded = stderr.split("\n");
  expect(loaded.filter((url) => url.includes("/libs/cli/src/commands/"))).not.toEqual([]);
  expect(loaded.filter((url) => HEAVY.test(url))).toEqual([]);
}, 70_000);
