// Makes the client library a package that any Node.js program can install, without the workspace: `npm run build:client [folder]` writes
// countersign-client-VERSION.tgz into the folder, dist/ by default.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./build-client/bundle.ts";
import { declarationsOf } from "./build-client/declarations.ts";
import { manifestOf } from "./build-client/manifest.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CLIENT = join(ROOT, "libs/client");
const SOURCES = { index: join(CLIENT, "src/index.ts"), v1: join(CLIENT, "src/v1.ts") };

/** `types/client/index.d.ts` of libs/client/src/index.ts. */
const typesOf = (source: string): string =>
  join(
    "types",
    relative(ROOT, source)
      .replace(/^libs\//, "")
      .replace(/\/(src|gen)\//, "/")
      .replace(/\.ts$/, ".d.ts"),
  );

const out = resolve(process.argv[2] ?? join(ROOT, "dist"));
const staged = mkdtempSync(join(tmpdir(), "countersign-client-"));
const write = (path: string, text: string): void => {
  mkdirSync(join(staged, dirname(path)), { recursive: true });
  writeFileSync(join(staged, path), text);
};
try {
  const imported = await bundle(ROOT, SOURCES, join(staged, "dist"));
  const declarations = declarationsOf(Object.values(SOURCES), typesOf);
  for (const [path, text] of declarations)
    write(path, path.endsWith("client/index.d.ts") ? `/// <reference types="node" />\n${text}` : text);
  const doors = {
    ".": { types: `./${typesOf(SOURCES.index)}`, default: "./dist/index.js" },
    "./v1": { types: `./${typesOf(SOURCES.v1)}`, default: "./dist/v1.js" },
  };
  write("package.json", `${JSON.stringify(manifestOf(CLIENT, imported, doors), undefined, 2)}\n`);
  cpSync(join(CLIENT, "README.md"), join(staged, "README.md"));
  cpSync(join(ROOT, "LICENSE"), join(staged, "LICENSE"));
  mkdirSync(out, { recursive: true });
  const packed = execFileSync("npm", ["pack", "--silent", "--offline", "--pack-destination", out], { cwd: staged, encoding: "utf8" });
  console.log(join(out, packed.trim()));
} finally {
  rmSync(staged, { recursive: true });
}
