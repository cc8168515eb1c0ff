import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { approve } from "@countersign/client/testing";
import { DEVELOPMENT_PRINCIPALS } from "@countersign/identity";
import { machineNode } from "@countersign/testing/machine-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countersign } from "./command-line.ts";
import { installClient, typeFlaws, type InstalledClient } from "./installed-client.ts";
import { eventually, runProgram } from "./program.ts";
import { startStack, type Stack } from "./stack.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const CLIENT_README = readFileSync(join(ROOT, "libs/client/README.md"), "utf8");

/** What a program in TypeScript says beside the snippets. */
const USES = `
import { ActionStatus, CountersignError, createClient, createServiceClient, createTransport, requireApproval } from "@countersign/client";
import type { Action, ActionInput, ActionState, Decision, Durability, JsonObject } from "@countersign/client";
import { ReviewService, type ListReviewsResponse } from "@countersign/client/v1";

const client = createClient({ address: "127.0.0.1:1", token: "t" });
export const isApproved = ({ status }: Action | ActionState): boolean => status === ActionStatus.APPROVED;
export const asked = (input: ActionInput): Promise<Decision<Action>> => client.requestAction(input);
export const ran = (input: ActionInput): Promise<number> => requireApproval(client, input, async ({ action }) => action.name.length);
export const report = (id: string, durability: Durability) => client.report(id, { outcome: "succeeded", durability });
export const parameters = ({ input }: Action): JsonObject | undefined => input?.action?.properties;
const reviews = createServiceClient(ReviewService, createTransport({ address: "127.0.0.1:1", token: "t" }));
export const listed: Promise<ListReviewsResponse> = reviews.listReviews({ pageSize: 1 });
export const isRetryable = (error: unknown): boolean => error instanceof CountersignError && error.retryable;
// @ts-expect-error: an action is done to something.
export const unfinished: ActionInput = { subject: { type: "agent", id: "a" }, action: { name: "b" } };
// @ts-expect-error: there is no such field.
export const misspelt = (action: Action): unknown => action.statuss;
`;

let stack: Stack;
let installed: InstalledClient;
beforeAll(async () => {
  [stack, installed] = await Promise.all([startStack(), installClient()]);
});
afterAll(async () => {
  await stack.close();
  installed.remove();
});

function blocks(text: string, language: string): readonly string[] {
  return Array.from(text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms")), ([, block]) => block ?? "");
}

/** What a program of the agent's prints, when a person approves the one action that it waits for. */
async function printedOnceApproved(text: string): Promise<string> {
  const file = join(installed.folder, "program.js");
  writeFileSync(file, text.replace("127.0.0.1:50051", stack.address));
  const dataOwner = await stack.as("data-owner");
  const reviews = async () => (await dataOwner.reviews.listReviews({})).reviews.map(({ id }) => id);
  // Others may have left some.
  const before = await reviews();
  const token = await stack.issuer.mint(DEVELOPMENT_PRINCIPALS["crm-agent"]);
  const program = runProgram(file, { COUNTERSIGN_TOKEN: token }, [], machineNode([20, 12]));
  let waiting: string | undefined;
  let ended = false;
  void program.ended().then(() => (ended = true));
  await eventually("the program waits for a review", async () => {
    waiting = (await reviews()).find((id) => !before.includes(id));
    return waiting !== undefined || ended;
  });
  if (waiting !== undefined) await approve(dataOwner, waiting);
  expect(await program.ended(), program.output()).toBe(0);
  return program.output();
}

describe("README", () => {
  it("the commands work as printed, in their order", async () => {
    const lines = blocks(README, "sh").join("").split("\n");
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
    const named = Array.from(README.matchAll(/npm (?:run (?:-s )?)?([a-z:]+)/g), ([, name]) => name ?? "").filter(
      (name) => name !== "install",
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe("the client's package, installed outside of the workspace", () => {
  it("README: the snippet runs the tool once it is approved", async () => {
    const around = [
      "const token = process.env.COUNTERSIGN_TOKEN ?? '';",
      "const exportCustomers = (parameters) => console.log(JSON.stringify(parameters));",
    ];
    const [snippet = ""] = blocks(README, "ts");
    const program = `${snippet.replace(/\n\n/, `\n\n${around.join("\n")}\n`)}countersign.close();\n`;
    expect(await printedOnceApproved(program)).toBe('{"table":"customers","limit":100}\n');
  });

  it("its own README: each way to ask, decide and redeem works as printed", async () => {
    const [whole = "", steps = ""] = blocks(CLIENT_README, "js");
    expect(await printedOnceApproved(whole)).toBe("the rows of customers\n");
    expect(await printedOnceApproved(steps)).toMatch(/^waiting for (\S+)\nrun it: redeemed at position \d+\n$/);
  });

  it("has declarations that hold for strict TypeScript without any other setting", () => {
    const around = "declare const token: string;\ndeclare function exportCustomers(parameters: object | undefined): void;\n";
    const programs = [...blocks(CLIENT_README, "js"), ...blocks(README, "ts").map((snippet) => snippet + around), USES];
    const names = programs.map((text, index) => {
      writeFileSync(join(installed.folder, `${index}.ts`), text);
      return `${index}.ts`;
    });
    expect(programs).toHaveLength(4);
    expect(typeFlaws(installed, names)).toEqual([]);
  });

  it("holds JavaScript and declarations, and nothing of the workspace or of this machine", () => {
    const files = readdirSync(installed.packageFolder, { recursive: true, encoding: "utf8" })
      .filter((path) => statSync(join(installed.packageFolder, path)).isFile())
      .toSorted();
    expect(files.filter((path) => !/^(LICENSE|README\.md|package\.json|dist\/\w+\.js|types\/.+\.d\.ts)$/.test(path))).toEqual([]);
    expect(files.filter((path) => /test/.test(path))).toEqual([]);
    for (const path of files) {
      const text = readFileSync(join(installed.packageFolder, path), "utf8");
      const named = Array.from(text.matchAll(/(?:from |import\()"([^"]+)"/g), ([, specifier = ""]) => specifier);
      expect(
        named.filter((specifier) => /\.ts$|^@countersign\/(?!client)/.test(specifier)),
        path,
      ).toEqual([]);
      expect(
        [ROOT, join(tmpdir(), "countersign"), "node_modules/"].filter((local) => text.includes(local)),
        path,
      ).toEqual([]);
    }
    const manifest = readFileSync(join(installed.packageFolder, "package.json"), "utf8");
    expect(manifest).not.toMatch(/workspace:|catalog:|:\/\//);
    expect(JSON.parse(manifest)).toMatchObject({ name: "@countersign/client", license: "Apache-2.0", engines: { node: ">=20.12" } });
  });
});
