import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

type Manifest = {
  readonly name: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
};

const read = (path: string) => readFileSync(`${root}/${path}`, "utf8");
const manifests = globSync("{.,proto,{libs,services,deploy,test}/*}/package.json", { cwd: root }).toSorted();

describe("packages", () => {
  it("are all found", () => {
    expect(manifests.length).toBeGreaterThan(15);
  });

  it.each(manifests)("%s is private, named after its folder, and pins every version", (path) => {
    const manifest = JSON.parse(read(path)) as Manifest;
    const folder = dirname(path);
    expect(manifest.name).toBe(folder === "." ? "countersign" : `@countersign/${basename(folder)}`);
    expect(manifest.private).toBe(true);
    expect(manifest.type).toBe("module");
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    const loose = versions.filter(([, version]) => version !== "catalog:" && version !== "workspace:*" && !EXACT.test(version));
    expect(loose).toEqual([]);
  });

  it("pin every version of the catalog", () => {
    const catalog = /^catalog:\n((?: {2}.+\n)+)/m.exec(read("pnpm-workspace.yaml"))?.[1] ?? "";
    const versions = catalog
      .trimEnd()
      .split("\n")
      .map((line) => line.slice(line.lastIndexOf(": ") + 2));
    expect(versions.length).toBeGreaterThan(10);
    expect(versions.filter((version) => !EXACT.test(version))).toEqual([]);
  });

  it("pin pnpm", () => {
    const { packageManager } = JSON.parse(read("package.json")) as { packageManager: string };
    expect(packageManager).toMatch(/^pnpm@\d+\.\d+\.\d+$/);
  });
});

describe("the lock file", () => {
  it("names no registry host and no tarball", () => {
    const named = read("pnpm-lock.yaml")
      .split("\n")
      .filter((line) => /https?:|tarball:|registry/i.test(line));
    expect(named).toEqual([]);
  });

  it("is the only one", () => {
    expect(["package-lock.json", "yarn.lock", "bun.lock"].filter((name) => existsSync(`${root}/${name}`))).toEqual([]);
  });
});
