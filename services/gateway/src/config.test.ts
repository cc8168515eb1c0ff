import { ConfigError } from "@countersign/config";
import { describe, expect, it } from "vitest";
import { CALL_WAIT_MS } from "@countersign/runtime";
import { readGatewayConfig } from "./config.ts";

const ISSUERS = JSON.stringify([
  { issuer: "https://id.acme.test", audience: "countersign", jwks: { url: "https://id.acme.test/jwks" }, tenants: "*" },
]);

describe("readGatewayConfig", () => {
  it("has defaults for everything but the issuers", () => {
    expect(readGatewayConfig({ COUNTERSIGN_ISSUERS: ISSUERS })).toMatchObject({
      host: "127.0.0.1",
      port: 50_051,
      tls: undefined,
      maxInFlight: 1024,
    });
  });

  it("waits longer for an answer than who answers waits for its database: callers hear what is wrong", () => {
    expect(readGatewayConfig({ COUNTERSIGN_ISSUERS: ISSUERS }).answerMs).toBeGreaterThan(CALL_WAIT_MS);
  });

  it("P7: refuses to start without an issuer, and lists every problem at once", () => {
    const read = () =>
      readGatewayConfig({ COUNTERSIGN_PORT: "x", COUNTERSIGN_MAX_IN_FLIGHT: "0", COUNTERSIGN_QUOTAS_FILE: "/no/such/file" });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(/COUNTERSIGN_PORT[^]*COUNTERSIGN_MAX_IN_FLIGHT[^]*COUNTERSIGN_ISSUERS[^]*COUNTERSIGN_QUOTAS_FILE/);
  });

  it("P7: takes tokens in the clear on loopback only, unless told that something in front adds TLS", () => {
    const read = (env: NodeJS.ProcessEnv) => () => readGatewayConfig({ COUNTERSIGN_ISSUERS: ISSUERS, COUNTERSIGN_HOST: "0.0.0.0", ...env });
    expect(read({})).toThrow(/COUNTERSIGN_TLS_CERT_FILE: is required to listen on 0\.0\.0\.0/);
    expect(read({ COUNTERSIGN_PLAINTEXT: "true" })).not.toThrow();
    expect(read({ COUNTERSIGN_PLAINTEXT: "yes" })).toThrow(/COUNTERSIGN_PLAINTEXT/);
  });

  it("says which file cannot be read", () => {
    const read = () =>
      readGatewayConfig({ COUNTERSIGN_ISSUERS: ISSUERS, COUNTERSIGN_TLS_CERT_FILE: "/no/cert", COUNTERSIGN_TLS_KEY_FILE: "/no/key" });
    expect(read).toThrow(/COUNTERSIGN_TLS_CERT_FILE: .*\/no\/cert/);
    expect(() => readGatewayConfig({ COUNTERSIGN_ISSUERS: ISSUERS, COUNTERSIGN_TLS_KEY_FILE: "/no/key" })).toThrow(/set both/);
  });
});
