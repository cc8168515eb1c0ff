import { ConfigError, readConfig, readSettingFile } from "@countersign/config";
import { appendKeys, EventLogError, type AppendKeys } from "@countersign/event-log";
import { z } from "zod";

/** Where the append keys are. */
export const appendKeySettings = {
  appendKeyFile: z.string(),
  appendEarlierKeyFiles: z
    .string()
    .default("")
    .transform((text) => text.split(",").filter((path) => path !== "")),
};

export const APPEND_KEY_VARIABLES = {
  appendKeyFile: "COUNTERSIGN_APPEND_KEY_FILE",
  appendEarlierKeyFiles: "COUNTERSIGN_APPEND_EARLIER_KEY_FILES",
} as const;

type KeyFiles = { readonly appendKeyFile: string; readonly appendEarlierKeyFiles: readonly string[] };

/**
 * The append keys of the environment, for a program that needs no other setting of `readRuntimeConfig`.
 * @throws ConfigError with every problem
 */
export function readAppendKeys(env: NodeJS.ProcessEnv): AppendKeys {
  return openAppendKeys(readConfig(z.object(appendKeySettings), APPEND_KEY_VARIABLES, env));
}

/** @throws ConfigError with every problem; never with what a file holds */
export function openAppendKeys({ appendKeyFile, appendEarlierKeyFiles }: KeyFiles): AppendKeys {
  const problems: string[] = [];
  const read = (variable: string, path: string): Buffer => {
    try {
      return keyIn(variable, readSettingFile(variable, path).toString("utf8"), path);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return Buffer.alloc(0);
    }
  };
  const current = read(APPEND_KEY_VARIABLES.appendKeyFile, appendKeyFile);
  const earlier = appendEarlierKeyFiles.map((path) => read(APPEND_KEY_VARIABLES.appendEarlierKeyFiles, path));
  if (problems.length > 0) throw new ConfigError(problems);
  try {
    return appendKeys(current, earlier);
  } catch (error) {
    if (!(error instanceof EventLogError)) throw error;
    throw new ConfigError([`${APPEND_KEY_VARIABLES.appendEarlierKeyFiles}: ${error.message}`]);
  }
}

/** 32 bytes have 64 digits in hex, and 43 characters and perhaps a `=` in base64: neither is taken for the other. */
function keyIn(variable: string, text: string, path: string): Buffer {
  const written = text.trim();
  if (/^[0-9a-f]{64}$/i.test(written)) return Buffer.from(written, "hex");
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(written)) return Buffer.from(written, "base64");
  throw new ConfigError([`${variable}: ${path} must hold 32 random bytes in base64 or hex`]);
}
