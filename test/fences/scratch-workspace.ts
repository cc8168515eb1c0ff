import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export type ScratchWorkspace = { readonly folder: string; write(path: string, text: string): void; remove(): void };

/**
 * A small workspace of the same shape as ours, in a temporary folder, to plant violations in. Planting them in the real tree would be seen
 * by whatever else runs at that moment.
 */
export function scratchWorkspace(packages: readonly string[]): ScratchWorkspace {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "countersign-fences-")));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const compilerOptions = { module: "nodenext", target: "es2024", strict: true, allowImportingTsExtensions: true, noEmit: true, types: [] };
  write("tsconfig.json", JSON.stringify({ compilerOptions }));
  write("package.json", JSON.stringify({ name: "scratch", type: "module" }));
  for (const dependency of ["zod", "vitest"]) {
    write(`node_modules/${dependency}/package.json`, JSON.stringify({ name: dependency, version: "1.0.0", main: "index.js" }));
    write(`node_modules/${dependency}/index.js`, "");
  }
  mkdirSync(join(folder, "node_modules/@countersign"), { recursive: true });
  for (const path of packages) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const exports = path === "proto" ? { "./*": "./gen/countersign/*.ts" } : { ".": "./src/index.ts", "./testing": "./src/testing.ts" };
    write(
      `${path}/package.json`,
      JSON.stringify({ name: `@countersign/${name}`, type: "module", exports, dependencies: { zod: "1.0.0" } }),
    );
    if (path !== "proto") write(`${path}/src/index.ts`, "export const name: string = 'index';\n");
    symlinkSync(join(folder, path), join(folder, "node_modules/@countersign", name));
  }
  return { folder, write, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
