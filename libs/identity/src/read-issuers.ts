import { ConfigError, parseYaml, readSettingFile } from "@countersign/config";
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
  if (file) {
    const name = "COUNTERSIGN_ISSUERS_FILE";
    return checkIssuers(parseText(name, readSettingFile(name, file).toString("utf8")), name);
  }
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

function parseText(name: string, text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new ConfigError([`${name}: ${String(error)}`]);
  }
}
