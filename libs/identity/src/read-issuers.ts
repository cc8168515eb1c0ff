import { readFileSync } from "node:fs";
import { ConfigError, parseYaml } from "@countersign/config";
import { issuersSchema, type IssuerConfig } from "./issuer-config.ts";

/**
 * Reads the issuers from `COUNTERSIGN_ISSUERS` (a JSON array) or from the YAML or JSON file that `COUNTERSIGN_ISSUERS_FILE` names.
 * @throws ConfigError when neither or both are set, or with every problem found: no issuer, no service.
 */
export function readIssuers(env: NodeJS.ProcessEnv): readonly IssuerConfig[] {
  const inline = env["COUNTERSIGN_ISSUERS"];
  const file = env["COUNTERSIGN_ISSUERS_FILE"];
  if (inline && file) throw new ConfigError(["COUNTERSIGN_ISSUERS, COUNTERSIGN_ISSUERS_FILE: set one of them, not both"]);
  if (inline) return checkIssuers(parseText("COUNTERSIGN_ISSUERS", inline), "COUNTERSIGN_ISSUERS");
  if (file) return checkIssuers(parseText("COUNTERSIGN_ISSUERS_FILE", readText(file)), "COUNTERSIGN_ISSUERS_FILE");
  throw new ConfigError(["COUNTERSIGN_ISSUERS or COUNTERSIGN_ISSUERS_FILE: is required: without an issuer nobody could call"]);
}

/**
 * Checks issuers that came from elsewhere and fills in the defaults.
 * @throws ConfigError with one line per problem, each with its path below `name`.
 */
export function checkIssuers(issuers: unknown, name = "issuers"): readonly IssuerConfig[] {
  const parsed = issuersSchema.safeParse(issuers);
  if (parsed.success) return parsed.data;
  throw new ConfigError(parsed.error.issues.map((issue) => `${[name, ...issue.path].join(".")}: ${issue.message}`));
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError([`COUNTERSIGN_ISSUERS_FILE: cannot read ${file}: ${String(error)}`]);
  }
}

function parseText(name: string, text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new ConfigError([`${name}: ${String(error)}`]);
  }
}
