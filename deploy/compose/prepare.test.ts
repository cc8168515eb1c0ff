import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "countersign-prepare-"));
afterAll(() => rmSync(folder, { recursive: true }));

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const prepare = (into: string) => spawnSync(fileURLToPath(new URL("prepare.sh", import.meta.url)), [into], { encoding: "utf8" });

it.skipIf(!hasOpenssl)("prepare.sh gives every service a login of Postgres, except the gateway, which strangers reach", () => {
  const secrets = join(folder, "secrets");
  expect(prepare(secrets)).toMatchObject({ status: 0, stderr: "" });
  const read = (file: string): string => readFileSync(join(secrets, file), "utf8");
  const variables = (service: string) => Array.from(read(`${service}.env`).matchAll(/^\w+(?==)/gm), ([name]) => name).toSorted();
  const others = ["approval", "audit", "directory", "notifier", "policy"];
  for (const service of others)
    expect([service, variables(service)]).toEqual([service, ["COUNTERSIGN_DATABASE_URL", "COUNTERSIGN_NATS_URL"]]);
  expect(variables("gateway")).toEqual(["COUNTERSIGN_NATS_URL"]);
  expect(Array.from(read("logins.sql").matchAll(/(\w+)_login login/g), ([, service]) => service)).toEqual(others);
  rmSync(secrets, { recursive: true });
});

it.each(["755", "750", "701"])("prepare.sh puts no key into a folder with mode %s, which others may enter", (mode) => {
  chmodSync(folder, mode);
  const { status, stderr } = prepare(folder);
  expect([status, stderr]).toEqual([1, expect.stringContaining(`chmod 700 ${folder}`)]);
  expect(readdirSync(folder)).toEqual([]);
});
