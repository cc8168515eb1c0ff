import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDirectoryConfig } from "./config.ts";
import { parseDirectoryFile } from "./directory-file.ts";

const SHA = "ab".repeat(32);
const good = { scim_tokens: [{ name: "okta", sha256: SHA }], sign_in: [{ issuer: "https://id.acme.example", by: "userName" }] };
let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-directory-"));
  file = join(folder, "directory.yaml");
  writeFileSync(file, JSON.stringify({ tenants: { acme: good } }));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the directory's settings", () => {
  it("without a file there is no tenant and nothing to listen for", () => {
    expect(readDirectoryConfig({})).toMatchObject({ tenants: new Map(), scim: { tls: undefined } });
  });

  it("P7: the file and the list of managed tenants must say the same", () => {
    expect(readDirectoryConfig({ COUNTERSIGN_DIRECTORY_FILE: file, COUNTERSIGN_MANAGED_TENANTS: "acme" }).tenants.size).toBe(1);
    expect(() => readDirectoryConfig({ COUNTERSIGN_DIRECTORY_FILE: file })).toThrow("COUNTERSIGN_MANAGED_TENANTS: must name acme");
    expect(() => readDirectoryConfig({ COUNTERSIGN_MANAGED_TENANTS: "acme" })).toThrow("COUNTERSIGN_MANAGED_TENANTS: names acme");
  });

  it("tokens do not cross a network in the clear", () => {
    const env = { COUNTERSIGN_DIRECTORY_FILE: file, COUNTERSIGN_MANAGED_TENANTS: "acme", COUNTERSIGN_SCIM_HOST: "0.0.0.0" };
    expect(() => readDirectoryConfig(env)).toThrow("COUNTERSIGN_SCIM_TLS_CERT_FILE: is required to listen on 0.0.0.0");
    expect(readDirectoryConfig({ ...env, COUNTERSIGN_SCIM_PLAINTEXT: "true" }).scim.tls).toBeUndefined();
  });

  it.each<[string, object, string]>([
    [
      "a token that is not hashed",
      { acme: { ...good, scim_tokens: [{ name: "okta", sha256: "secret" }] } },
      "tenants.acme.scim_tokens.0.sha256",
    ],
    ["no token", { acme: { ...good, scim_tokens: [] } }, "needs a token"],
    ["one token for two tenants", { acme: good, other: good }, "use a SCIM token twice"],
    ["an issuer twice", { acme: { ...good, sign_in: [...good.sign_in, ...good.sign_in] } }, "names an issuer twice"],
    ["people by e-mail", { acme: { ...good, sign_in: [{ issuer: "x", by: "email" }] } }, "tenants.acme.sign_in.0.by"],
    ["an empty schedule", { acme: { ...good, schedules: { sre: {} } } }, "has nobody in it"],
    [
      "PagerDuty in the clear",
      { acme: { ...good, pagerduty: { url: "http://pd.example", token: "t", subdomain: "a", schedules: { s: "P" } } } },
      "must be https",
    ],
    [
      "PagerDuty at what is no URL",
      { acme: { ...good, pagerduty: { url: "pd.example", token: "t", subdomain: "a", schedules: { s: "P" } } } },
      "tenants.acme.pagerduty.url: Invalid URL",
    ],
    ["a tenant that cannot be one", { Acme: good }, "tenants.Acme"],
    ["a misspelt setting", { acme: { ...good, scim_token: [] } }, "tenants.acme"],
  ])("refuses %s", (_, tenants, problem) => {
    expect(() => parseDirectoryFile(JSON.stringify({ tenants }))).toThrow(problem);
  });
});
