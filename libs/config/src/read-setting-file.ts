import { readFileSync } from "node:fs";
import { ConfigError } from "./read-config.ts";

/** The file that a setting names. @throws ConfigError that names the variable, the path and why it cannot be read. */
export function readSettingFile(variable: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigError([`${variable}: cannot read ${path}: ${String(error)}`]);
  }
}
