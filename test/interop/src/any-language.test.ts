import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const PAGE = readFileSync(new URL("../../../docs/any-language.md", import.meta.url), "utf8");
const block = (language: string, holding: string): string =>
  Array.from(PAGE.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs")), ([, text = ""]) => text).find((text) =>
    text.includes(holding),
  ) ?? "";

/** As a Struct gives numbers in Python. */
const PROGRAM = `
import hashlib, json, sys, types
${block("python", "def action_digest")}
example = json.loads(sys.argv[1], parse_int=float)
action = types.SimpleNamespace(tenant=example["tenant"], salt=bytes.fromhex(example["salt"]), binding_context=example["binding_context"])
asked = example["input"]
print(action_digest(action, asked["subject"], asked["action"], asked["resource"], asked["context"]).hex())
`;

it("P1: what docs/any-language.md has in Python computes the digest of its example, whole numbers of a Struct included", () => {
  const example = block("json", '"digest"');
  const { stdout, stderr } = spawnSync("python3", ["-c", PROGRAM, example], { encoding: "utf8" });
  expect([stdout.trim(), stderr]).toEqual([(JSON.parse(example) as { digest: string }).digest, ""]);
});
