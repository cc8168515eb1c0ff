import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "countersign-prepare-"));
afterAll(() => rmSync(folder, { recursive: true }));

it.each(["755", "750", "701"])("prepare.sh puts no key into a folder with mode %s, which others may enter", (mode) => {
  chmodSync(folder, mode);
  const { status, stderr } = spawnSync(fileURLToPath(new URL("prepare.sh", import.meta.url)), [folder], { encoding: "utf8" });
  expect([status, stderr]).toEqual([1, expect.stringContaining(`chmod 700 ${folder}`)]);
  expect(readdirSync(folder)).toEqual([]);
});
