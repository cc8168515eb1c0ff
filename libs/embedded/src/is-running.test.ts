import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isRunning, processStat } from "./is-running.ts";

describe("isRunning", () => {
  it("knows ourselves, and nobody behind the largest id that a system gives", () => {
    expect(isRunning(process.pid)).toBe(true);
    expect(isRunning(2 ** 30)).toBe(false);
  });

  // Elsewhere nothing tells a zombie from others without a program of the system.
  it.runIf(existsSync("/proc/self/stat"))("takes a zombie for ended", async () => {
    // The shell becomes a program that never asks about the child it has got. Until then it would: the child may not end earlier.
    const parent = spawn("/bin/sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      const zombie = Number(await new Promise((resolve) => parent.stdout.once("data", (data: Buffer) => resolve(data.toString()))));
      await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, "utf8"), { timeout: 20_000 }).toBe("sleep\n");
      process.kill(zombie, "SIGKILL");
      await expect.poll(() => processStat(zombie)[0], { timeout: 20_000 }).toBe("Z");
      expect(() => process.kill(zombie, 0)).not.toThrow();
      expect(isRunning(zombie)).toBe(false);
    } finally {
      parent.kill("SIGKILL");
    }
  });
});
