import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * The machine's own Node.js, where it is new enough: whoever takes what we give out runs it with that one, not with the one that comes with this
 * repository, which is the answer otherwise.
 */
export function machineNode([major, minor]: readonly [number, number]): string {
  const isNewEnough = (file: string): boolean => {
    const { status, stdout } = spawnSync(file, ["--version"], { encoding: "utf8" });
    const [itsMajor = 0, itsMinor = 0] = stdout.replace("v", "").split(".").map(Number);
    return status === 0 && (itsMajor > major || (itsMajor === major && itsMinor >= minor));
  };
  const own = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .map((folder) => join(folder, "node"))
    .find((file) => existsSync(file) && isNewEnough(file));
  return own ?? process.execPath;
}
