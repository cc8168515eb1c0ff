import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What differs between two trees of files, one line per path, in order; empty when every byte is the same. */
export function compareFolders(committed: string, expected: string): string[] {
  const before = new Set(filesIn(committed));
  const after = new Set(filesIn(expected));
  const paths = [...new Set([...before, ...after])].toSorted();
  return paths.flatMap((path) => {
    if (!after.has(path)) return [`${path}: should not exist`];
    if (!before.has(path)) return [`${path}: missing`];
    return readFileSync(join(committed, path)).equals(readFileSync(join(expected, path))) ? [] : [`${path}: differs`];
  });
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
