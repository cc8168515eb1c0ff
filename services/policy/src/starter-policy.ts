import { readFileSync } from "node:fs";

/** The text of the starter policy, `services/policy/starter-policy.yaml`. */
export function starterPolicy(): string {
  return readFileSync(new URL("../starter-policy.yaml", import.meta.url), "utf8");
}
