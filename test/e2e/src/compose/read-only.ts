import { spawnSync } from "node:child_process";

/** A program and what it is called with. */
type Command = { readonly program: string; readonly args: readonly string[] };

/** Whether this user may make itself a root that cannot be written. */
const mayMount = spawnSync("unshare", ["-m", "mount", "-o", "remount,bind,ro", "/"]).status === 0;

/** Its first argument is how many folders follow that stay writable; behind them comes the program. It keeps its process id. */
const SCRIPT = `
  count=$1; shift
  while [ "$count" -gt 0 ]; do mount --bind "$1" "$1" || exit 1; shift; count=$((count - 1)); done
  mount -o remount,bind,ro / && exec "$@"
`;

/** The same program with a root that it cannot write, as a container with `read_only` has it, except for these folders; as it is where this user may not mount. */
export function readOnly({ program, args }: Command, writable: readonly string[]): Command {
  if (!mayMount) return { program, args };
  return { program: "unshare", args: ["-m", "sh", "-c", SCRIPT, "read-only", String(writable.length), ...writable, program, ...args] };
}
