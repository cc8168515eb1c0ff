import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { approve } from "@countersign/client/testing";
import { DEVELOPMENT_PRINCIPALS } from "@countersign/identity";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countersign } from "./command-line.ts";
import { eventually, runProgram } from "./program.ts";
import { startStack, type Stack } from "./stack.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const README = readFileSync(join(ROOT, "README.md"), "utf8");

let stack: Stack;
// The snippet resolves packages as a file of this package does.
const folder = mkdtempSync(join(import.meta.dirname, "../.readme-"));
beforeAll(async () => {
  stack = await startStack();
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

function blocks(language: string): readonly string[] {
  return Array.from(README.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms")), ([, text]) => text ?? "");
}

describe("README", () => {
  it("the commands work as printed, in their order", async () => {
    const lines = blocks("sh").join("").split("\n");
    const story = lines
      .filter((line) => line.startsWith("npm run countersign -- "))
      .map((line) => line.replace("npm run countersign -- ", ""));
    expect(story.length).toBeGreaterThan(5);
    let actionId = "ACTION_ID";
    for (const command of story) {
      const result = await countersign(command.replaceAll("ACTION_ID", actionId).split(" "), {
        env: { COUNTERSIGN_ADDRESS: stack.address, COUNTERSIGN_DATA_DIR: stack.dataDir },
      });
      expect(result, command).toMatchObject({ code: 0, err: "" });
      actionId = /^action +(\S+)$/m.exec(result.out)?.[1] ?? actionId;
      if (command.startsWith("timeline")) expect(result.out).toContain("execution succeeded");
    }
  });

  it("the scripts that it names exist", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> };
    const named = Array.from(README.matchAll(/npm (?:run (?:-s )?)?([a-z]+)/g), ([, name]) => name ?? "").filter(
      (name) => name !== "install",
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it("the snippet runs the tool once it is approved, and compiles", async () => {
    const [snippet = ""] = blocks("ts");
    const file = join(folder, "snippet.ts");
    const token = await stack.issuer.mint(DEVELOPMENT_PRINCIPALS["crm-agent"]);
    const around = [
      `const token: string = ${JSON.stringify(token)};`,
      "const exportCustomers = (parameters: object | undefined): void => console.log(JSON.stringify(parameters));",
    ];
    writeFileSync(
      file,
      `${snippet.replace("127.0.0.1:50051", stack.address).replace(/\n\n/, `\n\n${around.join("\n")}\n`)}countersign.close();\n`,
    );
    const dataOwner = await stack.as("data-owner");
    const reviews = async () => (await dataOwner.reviews.listReviews({})).reviews.map(({ id }) => id);
    // The commands before may have left some.
    const before = await reviews();
    const program = runProgram(file, {});
    const waiting = async () => (await reviews()).find((id) => !before.includes(id));
    await eventually("the snippet waits for a review", async () => (await waiting()) !== undefined || program.output() !== "");
    expect(program.output()).toBe("");
    await approve(dataOwner, (await waiting()) ?? "");
    expect(await program.ended()).toBe(0);
    expect(program.output()).toBe('{"table":"customers","limit":100}\n');
    const options = [
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "--module",
      "nodenext",
      "--target",
      "esnext",
      "--allowImportingTsExtensions",
    ];
    execFileSync(join(ROOT, "node_modules/.bin/tsc"), ["--ignoreConfig", ...options, "--types", "node", file], {
      cwd: ROOT,
      stdio: "pipe",
    });
  });
});
