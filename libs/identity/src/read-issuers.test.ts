import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "@countersign/config";
import { afterAll, describe, expect, it } from "vitest";
import { readIssuers } from "./read-issuers.ts";

const dir = mkdtempSync(join(tmpdir(), "countersign-issuers-"));
afterAll(() => rmSync(dir, { recursive: true }));

const acme = { issuer: "https://id.acme.test", audience: "countersign", jwks: { url: "https://id.acme.test/jwks" }, tenants: ["acme"] };
const reading = (issuers: unknown) => () => readIssuers({ COUNTERSIGN_ISSUERS: JSON.stringify(issuers) });

describe("readIssuers", () => {
  it("takes JSON from the environment and fills in the defaults", () => {
    expect(readIssuers({ COUNTERSIGN_ISSUERS: JSON.stringify([acme]) })).toMatchObject([
      { issuer: "https://id.acme.test", algorithms: ["EdDSA", "Ed25519", "ES256", "PS256", "RS256"], claims: { tenant: "tenant" } },
    ]);
  });

  it("takes a YAML file", () => {
    const file = join(dir, "issuers.yaml");
    writeFileSync(
      file,
      "- issuer: https://id.acme.test\n  audience: [countersign]\n  jwks: { url: https://id.acme.test/jwks }\n  tenants: '*'\n",
    );
    expect(readIssuers({ COUNTERSIGN_ISSUERS_FILE: file })).toMatchObject([{ tenants: "*" }]);
  });

  it.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ["nothing is set", {}, /is required: without an issuer nobody could call/],
    ["both are set", { COUNTERSIGN_ISSUERS: "[]", COUNTERSIGN_ISSUERS_FILE: "x" }, /not both/],
    ["there is none", { COUNTERSIGN_ISSUERS: "[]" }, /needs at least one issuer/],
    ["the text is broken", { COUNTERSIGN_ISSUERS: "[{" }, /COUNTERSIGN_ISSUERS: /],
    ["the file is missing", { COUNTERSIGN_ISSUERS_FILE: "/no/such/file" }, /cannot read \/no\/such\/file/],
  ])("P7: refuses to start when %s", (_what, env, message) => {
    expect(() => readIssuers(env)).toThrow(ConfigError);
    expect(() => readIssuers(env)).toThrow(message);
  });

  it.each<[string, object, RegExp]>([
    ["a symmetric algorithm", { algorithms: ["HS256"] }, /COUNTERSIGN_ISSUERS\.0\.algorithms\.0/],
    ["a symmetric key", { jwks: { keys: [{ kty: "oct", k: "AAAA" }] } }, /COUNTERSIGN_ISSUERS\.0\.jwks/],
    ["a private key", { jwks: { keys: [{ kty: "OKP", crv: "Ed25519", x: "AA", d: "AA" }] } }, /COUNTERSIGN_ISSUERS\.0\.jwks/],
    ["keys over plain http", { jwks: { url: "http://id.acme.test/jwks" } }, /COUNTERSIGN_ISSUERS\.0\.jwks/],
    ["keys at what is no URL", { jwks: { url: "id.acme.test" } }, /COUNTERSIGN_ISSUERS\.0\.jwks/],
    ["no audience", { audience: undefined }, /COUNTERSIGN_ISSUERS\.0\.audience/],
    ["no tenants", { tenants: undefined }, /COUNTERSIGN_ISSUERS\.0\.tenants/],
    [
      "a map to a role for whole ledgers that it may not give",
      { roles: { sre: ["ledger_operator"] } },
      /roles\.sre: gives ledger_operator.*mayGive/,
    ],
    [
      "a map to a role that it may not give",
      { roles: { sre: ["operator"] }, mayGive: ["reviewer"] },
      /roles\.sre: gives operator.*mayGive/,
    ],
    ["owners at an issuer that is not listed", { ownerIssuer: "https://people.test" }, /\.0\.ownerIssuer: names https:\/\/people\.test/],
    ["a misspelt member", { algorithm: ["EdDSA"] }, /algorithm/],
  ])("P7: refuses %s", (_what, changes, message) => {
    expect(reading([{ ...acme, ...changes }])).toThrow(message);
  });

  it("refuses an issuer that is named twice and lists every problem", () => {
    expect(reading([acme, acme])).toThrow(/names an issuer twice/);
    expect(reading([{ ...acme, audience: "", tenants: ["A"] }])).toThrow(/audience[^]*tenants/);
  });
});
