import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it, onTestFinished } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "countersign-prepare-"));
afterAll(() => rmSync(folder, { recursive: true }));

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const prepare = (into: string, path = process.env["PATH"]) =>
  spawnSync(fileURLToPath(new URL("prepare.sh", import.meta.url)), [into], { encoding: "utf8", env: { ...process.env, PATH: path } });

const SERVICES = ["approval", "audit", "directory", "gateway", "notifier", "policy"];
const COMPLETE = [
  ...[...SERVICES, "nats", "owner", "postgres"].map((name) => `${name}.env`),
  ...["ca", "gateway", "nats", "postgres"].flatMap((name) => [`${name}.key`, `${name}.pem`]),
  "append-key.hex",
  "ca.srl",
  "grant-key.pem",
  "log-key.pem",
  "logins.sql",
].toSorted();

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

/** An openssl that does what the real one does, but fails when it is called for the time that is given. */
function failingAt(call: number, tools: string): string {
  const script = `echo >>${tools}/calls; [ "$(wc -l <${tools}/calls)" -ne ${call} ] || exit 1\nPATH=\${PATH#*:} exec openssl "$@"`;
  writeFileSync(join(tools, "openssl"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return `${tools}:${process.env["PATH"]}`;
}

// Its calls: the authority, three certificates in two steps, two keys, the append key, the owner's password, two that nobody is given, then two for each service.
it.skipIf(!hasOpenssl).each([3, 11, 24])(
  "prepare.sh that fails at secret %i gives no password that can be guessed, and what it left is completed the next time",
  (call) => {
    const own = mkdtempSync(join(tmpdir(), "countersign-prepare-"));
    onTestFinished(() => rmSync(own, { recursive: true }));
    const secrets = join(own, "secrets");
    expect(prepare(secrets, failingAt(call, own)).status).toBe(1);
    expect(prepare(secrets).status).toBe(0);
    const files = readdirSync(secrets, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
    expect(files.map(({ name }) => name).toSorted()).toEqual(COMPLETE);
    const passwords = files
      .filter(({ name }) => /\.(env|sql)$/.test(name))
      .flatMap(({ name }) => [...readFileSync(join(secrets, name), "utf8").matchAll(/(?:PASSWORD\w*=|:\/\/\w+:|password ')(\w*)/g)])
      .map(([, password]) => password);
    expect(passwords.filter((password) => !/^p[0-9a-f]{48}$/.test(password ?? ""))).toEqual([]);
    for (const name of ["gateway", "nats", "postgres"])
      expect(spawnSync("openssl", ["verify", "-CAfile", join(secrets, "tls/ca.pem"), join(secrets, `tls/${name}.pem`)]).status).toBe(0);
  },
);

it.each(["755", "750", "701"])("prepare.sh puts no key into a folder with mode %s, which others may enter", (mode) => {
  chmodSync(folder, mode);
  const { status, stderr } = prepare(folder);
  expect([status, stderr]).toEqual([1, expect.stringContaining(`chmod 700 ${folder}`)]);
  expect(readdirSync(folder)).toEqual([]);
});
