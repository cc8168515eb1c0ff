import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, statfsSync } from "node:fs";

/** A small disk of its own, which can be full while the rest of the machine is not. */
export type Disk = {
  readonly folder: string;
  /** No more room from now on. */
  fill(): void;
  /** Room again. */
  free(): void;
  remove(): void;
};

/** Mounts a disk in memory at `folder`; nothing where this user may not mount. Whatever happens to us, it is taken off again. */
export function mountDisk(folder: string, bytes = GIGABYTE): Disk | undefined {
  mkdirSync(folder, { recursive: true });
  try {
    mount("-t", "tmpfs", "-o", `size=${bytes},mode=755`, "tmpfs", folder);
  } catch {
    return undefined;
  }
  const reaper = spawn("/bin/sh", ["-c", 'cat >/dev/null; umount -l "$1"', "reaper", folder], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  reaper.unref();
  return {
    folder,
    fill: () => shrink(folder),
    free: () => mount("-o", `remount,size=${bytes}`, folder),
    remove: () => {
      execFileSync("umount", ["-l", folder]);
      reaper.kill("SIGKILL");
    },
  };
}

/** Others write meanwhile, and a disk cannot be smaller than what is on it. */
function shrink(folder: string): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return mount("-o", `remount,size=${usedBytes(folder)}`, folder);
    } catch (error) {
      if (attempt === 20) throw error;
    }
  }
}

function usedBytes(folder: string): number {
  const { blocks, bfree, bsize } = statfsSync(folder);
  return (blocks - bfree) * bsize;
}

function mount(...args: readonly string[]): void {
  execFileSync("mount", args, { stdio: ["ignore", "ignore", "pipe"] });
}

const GIGABYTE = 2 ** 30;
