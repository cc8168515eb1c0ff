import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { approvedBy } from "@countersign/client/testing";
import type { DevelopmentName } from "@countersign/identity";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandOn, countersign } from "./command-line.ts";
import { EXPORT, TAG_CHANGE } from "./scenes.ts";
import { startStack, type Stack } from "./stack.ts";

let stack: Stack;
const folder = mkdtempSync(join(tmpdir(), "countersign-evidence-"));
const archive = join(folder, "acme.tar");

beforeAll(async () => {
  stack = await startStack();
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

const as = (name: DevelopmentName, ...args: readonly string[]) => commandOn(stack, name, ...args);

/** The key from where the auditor trusts it: here, from the log's own front door. */
async function pinnedKey(): Promise<string> {
  const { verifierKeys } = await (await stack.as("auditor")).audit.getCheckpoint({});
  return verifierKeys[0] ?? "";
}

describe("P6: from a deployment to an auditor's desk", () => {
  it("an auditor exports what happened, and verifies it with nothing but the key", async () => {
    const agent = await stack.as("crm-agent");
    await agent.requestAction(TAG_CHANGE);
    await approvedBy(agent, [await stack.as("data-owner")], EXPORT);
    const exported = await as("auditor", "export", "--out", archive);
    expect(exported.err).toBe("");
    expect(exported.code).toBe(0);
    expect(exported.out).toMatch(/recorded in the log as export/);
    expect(existsSync(`${archive}.partial`)).toBe(false);

    const { code, out } = await countersign(["verify", archive, "--key", await pinnedKey()], { env: {} });
    expect(out).toContain("no flaw");
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}2 action digests/m);
    expect(out).toMatch(/^ {2}1 signatures of votes/m);
  });

  it("a changed byte is found, and a script sees it", async () => {
    const bytes = readFileSync(archive);
    bytes.write("ActionRejected", bytes.indexOf("ActionApproved", bytes.indexOf("log/000000.entries")));
    writeFileSync(join(folder, "changed.tar"), bytes);
    const { code, out } = await countersign(["verify", join(folder, "changed.tar"), "--key", await pinnedKey()], { env: {} });
    expect(out).toMatch(/LEAF_HASH, position \d+/);
    expect(code).toBe(1);
  });

  it("a SIEM gets the same events in its own format", async () => {
    const file = join(folder, "acme.ocsf.jsonl");
    expect((await as("auditor", "export", "--format", "ocsf", "--out", file)).out).toMatch(/events.*\nSHA-256 [0-9a-f]{64}, recorded/);
    const events = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(events.map((line) => (JSON.parse(line) as { metadata: { event_code: string } }).metadata.event_code)).toContain("GrantIssued");
    expect((await as("auditor", "export", "--format", "xml", "--out", file)).code).toBe(2);
  });

  it("who is no auditor gets no archive, and no file", async () => {
    const { code, err } = await as("crm-agent", "export", "--out", join(folder, "no.tar"));
    expect(err).toContain("PERMISSION_DENIED");
    expect(code).toBe(1);
    expect(existsSync(join(folder, "no.tar.partial"))).toBe(false);
  });
});
