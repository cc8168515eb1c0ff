import { spawn } from "node:child_process";
import { Socket } from "node:net";

/** Undoes what a process leaves behind when it ends without a chance to do so itself. */
export type Reaper = { /** All is cleaned up already: do nothing. */ dismiss(): void };

/**
 * Ends a child and removes a folder as soon as this process is gone, be it by `kill -9`: a small shell waits for the end of a pipe that only
 * we hold open. It is in a group of its own, so Ctrl-C does not take it along.
 */
export function startReaper(target: {
  readonly pid?: number | undefined;
  readonly signal?: "INT" | "TERM" | "QUIT";
  readonly folder?: string | undefined;
}): Reaper {
  const shell = spawn("/bin/sh", ["-c", REAP, "reaper", String(target.pid ?? ""), target.signal ?? "TERM", target.folder ?? ""], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.unref();
  // A pipe keeps the event loop alive on its own.
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  shell.stdin.on("error", () => {});
  return { dismiss: () => shell.kill("SIGKILL") };
}

const REAP = `
# A zombie does not run; where there is no /proc, it seems to.
runs() { kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
cat >/dev/null
if [ -n "$1" ]; then
  kill -s "$2" "$1" 2>/dev/null
  tries=0
  while runs "$1" && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill -s KILL "$1" 2>/dev/null
fi
[ -n "$3" ] || exit 0
tries=0
while [ -e "$3" ] && [ $tries -lt 50 ]; do sleep 0.3; rm -rf "$3"; tries=$((tries + 1)); done
`;
