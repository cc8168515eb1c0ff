import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

// Debian puts servers in /usr/sbin, which is not on everybody's PATH.
const ALSO_LOOK_IN = ["/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin"];

/**
 * @param {string} name
 * @returns {string | undefined} the path of the program
 */
export function findProgram(name) {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...ALSO_LOOK_IN];
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
