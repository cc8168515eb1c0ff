import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const DOCKERFILE = readFileSync("deploy/image/Dockerfile", "utf8");
const ALLOWED = readFileSync("deploy/image/Dockerfile.dockerignore", "utf8")
  .split("\n")
  .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []));

test("the image is built with the Node.js that package.json pins", () => {
  const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { devDependencies: Record<string, string> };
  expect(/^ARG NODE_VERSION=(.*)$/m.exec(DOCKERFILE)?.[1]).toBe(devDependencies["node"]);
});

test("a build takes nothing from other places but its two base images: no frontend of its own, which a closed network would have to fetch too", () => {
  const stages = Array.from(DOCKERFILE.matchAll(/^FROM (\S+)(?: AS (\w+))?$/gm), ([, from = "", name]) => ({ from, name }));
  const names = stages.map(({ name }) => name);
  expect(stages.map(({ from }) => from).filter((from) => !names.includes(from))).toHaveLength(2);
  expect(DOCKERFILE).not.toMatch(/^#\s*syntax\s*=/m);
});

test("whoever builds it, the image's user may read what is in it", () => {
  expect(DOCKERFILE).toMatch(/^\s*&& chmod -R a\+rX \. \\$/m);
});

test("what the build may see is there, and what the image starts is among it", () => {
  expect(ALLOWED.filter((path) => !existsSync(path))).toEqual([]);
  const started = ["deploy/compose/compose.yaml", "deploy/image/Dockerfile"].flatMap(
    (file) => readFileSync(file, "utf8").match(/\b(?:services|deploy|libs)\/[\w/-]+\.ts\b/g) ?? [],
  );
  expect(started.length).toBeGreaterThan(8);
  expect(started.filter((path) => !existsSync(path) || !ALLOWED.some((folder) => path.startsWith(`${folder}/`)))).toEqual([]);
});
