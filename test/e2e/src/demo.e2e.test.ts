import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, onTestFinished, vi } from "vitest";
import { eventually, processesWith, runProgram, type Program } from "./program.ts";

vi.setConfig({ testTimeout: 60_000 });

// What the demo leaves behind would be here.
const folder = mkdtempSync(join(tmpdir(), "countersign-of-demo-"));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function demo(): Program {
  const program = runProgram("deploy/demo/src/main.ts", { TMPDIR: folder });
  onTestFinished(async () => {
    program.signal("SIGKILL");
    await program.ended();
  });
  return program;
}

it("tells the whole story and leaves nothing behind", async () => {
  const program = demo();
  expect(await program.ended(), program.output()).toBe(0);
  const story = program.output();
  for (const sentence of [
    '1. A harmless change: policy allows it at once\n\n  crm-agent         asks to tag customer 7 as vip (db.tag.update)\n  policy            APPROVED by rule "tag changes are harmless"',
    "✓ customer 7 is tagged vip",
    "may not approve (SELF_APPROVAL)",
    "│ │ This will run, and the digest covers all of it:",
    "✓ the grant is no good for 200 customers (DIGEST_MISMATCH)",
    "✓ a second redemption is refused (GRANT_REDEEMED)",
    "db.drop was not approved: DENIED Dropping data in production cannot be undone",
    "✓ a vote on the old digest is refused (STALE_DIGEST)",
    "second-data-owner approves the edited form",
    "the action is EXPIRED, and there is no grant",
    "rebuilt from the log, is the same byte for byte",
    "✓ every position, link and leaf hash is as it must be",
  ]) {
    expect(story).toContain(sentence);
  }
  expect(story).toMatch(/\nAll 16 checks of the story held\.\n$/);
  // One more in the sentence that explains the sign.
  expect(story.match(/✓ /g)).toHaveLength(16 + 1);
  expect(story.split("\n").filter((line) => line.length > 110)).toEqual([]);
  // Not a terminal: nothing that only a terminal understands.
  expect(story).not.toContain("\u001b");
  expect(readdirSync(folder).filter((name) => name.startsWith("countersign-"))).toEqual([]);
  expect(processesWith(folder)).toEqual([]);
});

it("leaves nothing behind when it is interrupted", async () => {
  const program = demo();
  await program.prints("2. An export");
  program.signal("SIGINT");
  expect(await program.ended()).not.toBe(0);
  await eventually("its servers are gone", () => processesWith(folder).length === 0, 30_000);
  await eventually("its folder is gone", () => readdirSync(folder).every((name) => !name.startsWith("countersign-")), 30_000);
});
