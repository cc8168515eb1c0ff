import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

export type PnpmResult = { readonly ok: boolean; readonly stdout: string; readonly stderr: string };

/** Runs the pnpm of package.json's `packageManager`, or another version of it. */
export function pnpm(args: readonly string[], version = pinnedVersion()): PnpmResult {
  // A pnpm that differs from `packageManager` would fetch that one and become it.
  const env = { ...process.env, pnpm_config_pm_on_fail: "ignore" };
  const { status, stdout, stderr } = spawnSync("npx", ["-y", version, ...args], { encoding: "utf8", env, maxBuffer: 64 * 1024 * 1024 });
  return { ok: status === 0, stdout, stderr };
}

function pinnedVersion(): string {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { packageManager: string };
  return manifest.packageManager;
}
