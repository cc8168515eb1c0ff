import { readFileSync } from "node:fs";

/**
 * Whether a process of this machine runs. A zombie has ended: its parent only never asked how, as process 1 of many containers never does for those it
 * inherits (where there is no /proc, it still counts as running).
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Of somebody else, but there.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return !["Z", "X"].includes(processStat(pid)[0] ?? "");
}

/** The fields of proc_pid_stat(5) from the third, the state, on; none where there is no such process or no /proc. */
export function processStat(pid: number): readonly string[] {
  try {
    // The name of the program, in parentheses, may hold spaces and parentheses.
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.trim().split(" ") ?? [];
  } catch {
    return [];
  }
}
