import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratchWorkspace, type ScratchWorkspace } from "./scratch-workspace.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

type Cruise = {
  readonly modules: readonly { readonly source: string; readonly dependencies: readonly { readonly resolved: string }[] }[];
  readonly summary: { readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[] };
};

/** The same program and configuration as `npm run check:fences`; it exits with the number of violations. */
async function cruise(cwd: string, folders: readonly string[]): Promise<Cruise> {
  const program = `${root}/node_modules/dependency-cruiser/bin/dependency-cruiser.mjs`;
  const args = [program, "--config", `${root}/.dependency-cruiser.mjs`, "--output-type", "json", ...folders];
  const { stdout } = await run(process.execPath, args, { cwd, maxBuffer: 64e6 });
  return JSON.parse(stdout) as Cruise;
}

// Each is a file and the rules that it breaks. A cycle is found once; a decide.ts breaks the rule through a file that breaks none by itself.
const PLANTED: readonly (readonly [path: string, code: string, ...rules: string[]])[] = [
  ["libs/log/src/cycle-a.ts", `import "./cycle-b.ts";`, "no-cycles"],
  ["libs/log/src/cycle-b.ts", `import "./cycle-a.ts";`],
  ["libs/log/src/type-cycle-a.ts", `import type { B } from "./type-cycle-b.ts"; export type A = B;`, "no-cycles"],
  ["libs/log/src/type-cycle-b.ts", `import type { A } from "./type-cycle-a.ts"; export type B = A;`],
  ["libs/log/src/nowhere.ts", `import "./does-not-exist.ts";`, "nothing-unresolved"],
  ["libs/log/src/loads-test.ts", `import "./some.test.ts";`, "no-test-code-in-product"],
  ["libs/log/src/undeclared.ts", `import "vitest";`, "product-declares-what-it-uses"],
  [
    "services/approval/src/neighbour.ts",
    `import { name } from "@countersign/policy"; export const n = name;`,
    "services-do-not-import-each-other",
  ],
  [
    "services/approval/src/neighbour-type.ts",
    `import type { name } from "@countersign/policy"; export type N = typeof name;`,
    "services-do-not-import-each-other",
  ],
  ["services/approval/src/upwards.ts", `import "@countersign/standalone";`, "services-know-no-deployment"],
  ["libs/log/src/upwards.ts", `import "@countersign/standalone";`, "libraries-know-no-deployment"],
  ["libs/log/src/service.ts", `import "@countersign/policy";`, "only-deploy-and-test-import-services"],
  ["proto/gen/countersign/v1/bad_pb.ts", `import "@countersign/log";`, "contracts-stand-alone"],
  ["services/approval/src/domain/node.ts", `import "node:crypto";`, "domain-is-pure"],
  ["services/approval/src/domain/npm.ts", `import "zod";`, "domain-is-pure"],
  ["services/approval/src/domain/lib.ts", `import "@countersign/log";`, "domain-is-pure"],
  ["services/approval/src/domain/adapter.ts", `import "../adapters/wire.ts";`, "domain-is-pure"],
  [
    "services/approval/src/domain/wire.ts",
    `import type { Good } from "@countersign/proto/v1/good_pb"; export type W = Good;`,
    "domain-is-pure",
    "wire-types-in-adapters-only",
  ],
  ["services/approval/src/usecases/adapter.ts", `import "../adapters/wire.ts";`, "rules-before-wires"],
  ["services/approval/src/workflows/expiry/decide.ts", `import "./step.ts";`, "decide-and-evolve-are-pure"],
  ["services/approval/src/workflows/expiry/step.ts", `import "node:fs";`],
  ["services/approval/src/projections/open/evolve.ts", `import "zod";`, "decide-and-evolve-are-pure"],
  ["libs/log/src/evolve.ts", `import "node:fs";`, "decide-and-evolve-in-lib-are-pure"],
  ["services/approval/src/back-door.ts", `import "../../../libs/log/src/inside.ts";`, "packages-by-their-door"],
  ["services/approval/src/fakes.ts", `import "@countersign/log/testing";`, "testing-door-from-tests-only"],
  [
    "services/approval/src/usecases/wire.ts",
    `import type { Good } from "@countersign/proto/v1/good_pb"; export type W = Good;`,
    "wire-types-in-adapters-only",
  ],
];

// And these break none.
const ALLOWED: readonly (readonly [path: string, code: string])[] = [
  ["proto/gen/countersign/v1/good_pb.ts", `export type Good = { readonly name: string };`],
  ["libs/log/src/inside.ts", `export const inside = 1;`],
  ["libs/log/src/testing.ts", `export const fake = 1;`],
  ["libs/log/src/some.test.ts", `import "vitest"; import "@countersign/store/testing";`],
  ["libs/store/src/testing.ts", `export const fake = 1;`],
  ["services/approval/src/adapters/wire.ts", `import type { Good } from "@countersign/proto/v1/good_pb"; export type W = Good;`],
  ["services/approval/src/domain/values.ts", `export const one = 1;`],
  ["services/approval/src/domain/decide.ts", `import { one } from "./values.ts"; export const two = one + 1;`],
  ["services/approval/src/domain/decide.test.ts", `import "vitest"; import "./decide.ts"; import "@countersign/log/testing";`],
  [
    "services/approval/src/workflows/reminder/decide.ts",
    `import { two } from "../../domain/decide.ts"; import { own } from "./own.ts"; export const three = two + own;`,
  ],
  ["services/approval/src/workflows/reminder/own.ts", `export const own = 1;`],
  [
    "services/approval/src/usecases/vote.ts",
    `import "@countersign/log"; import "zod"; import "node:crypto"; import "../domain/decide.ts";`,
  ],
  ["deploy/standalone/src/all.ts", `import "@countersign/approval"; import "@countersign/policy";`],
  ["test/e2e/src/spine.test.ts", `import "@countersign/approval"; import "@countersign/standalone"; import "vitest";`],
];

describe("dependency fences", () => {
  let workspace: ScratchWorkspace;
  let found: Cruise;
  beforeAll(async () => {
    workspace = scratchWorkspace([
      "proto",
      "libs/log",
      "libs/store",
      "services/approval",
      "services/policy",
      "deploy/standalone",
      "test/e2e",
    ]);
    for (const [path, code] of [...PLANTED, ...ALLOWED]) workspace.write(path, `${code}\n`);
    found = await cruise(workspace.folder, ["proto", "libs", "services", "deploy", "test"]);
  });
  afterAll(() => workspace.remove());

  const rulesBrokenBy = (path: string) =>
    [...new Set(found.summary.violations.filter(({ from }) => from === path).map(({ rule }) => rule.name))].toSorted();

  it.each(PLANTED)("%s: %s", (path, _code, ...rules) => {
    expect(rulesBrokenBy(path)).toEqual(rules.toSorted());
  });

  it.each(ALLOWED)("allows %s: %s", (path) => {
    expect(rulesBrokenBy(path)).toEqual([]);
  });

  it("plants a violation of every rule there is", async () => {
    const { default: config } = await import("../../.dependency-cruiser.mjs");
    const planted = new Set(PLANTED.flatMap(([, , ...rules]) => rules));
    expect([...planted].toSorted()).toEqual((config.forbidden ?? []).map((rule) => rule.name ?? "").toSorted());
    for (const rule of config.forbidden ?? []) expect(rule.comment, rule.name).toMatch(/^[A-Z].{30,}\.$/);
  });

  it("reads TypeScript, type-only imports included, in the real tree", async () => {
    const real = await cruise(root, ["libs/digest/src", "libs/events/src"]);
    const importsOf = (path: string) => real.modules.find(({ source }) => source === path)?.dependencies.map(({ resolved }) => resolved);
    expect(real.modules.length).toBeGreaterThan(5);
    expect(importsOf("libs/digest/src/action-digest.ts")).toContain("libs/digest/src/canonical-json.ts");
    expect(importsOf("libs/events/src/registry.ts")?.some((path) => path.startsWith("proto/gen/"))).toBe(true);
  });
});
