import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { createDevelopmentIssuer, type DevelopmentIssuer } from "@countersign/identity";
import { inProcessCommands } from "@countersign/bus";
import { fromServiceError } from "@countersign/client";
import { ActionService } from "@countersign/proto/v1/action_service_pb";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import { silentLogger } from "@countersign/telemetry";
import { type CertificateOptions, type TestAuthority, testAuthority, type TestCertificate } from "@countersign/testing/certificates";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type RunningGateway, startGateway } from "./app.ts";
import { readGatewayConfig } from "./config.ts";
import { FakeFeed } from "./testing/fake-feed.ts";

const SERVER = { names: [{ type: "dns", value: "localhost" }] } satisfies CertificateOptions;

let folder: string;
let authority: TestAuthority;
let rival: TestAuthority;
let issuer: DevelopmentIssuer;
let gateway: RunningGateway;
const callers: Principal[] = [];

const path = (name: string): string => join(folder, name);
const put = async (name: string, content: Buffer | string): Promise<void> => {
  await writeFile(path(`${name}.new`), content);
  await rename(path(`${name}.new`), path(name));
};
const putServer = async ({ cert, key }: TestCertificate): Promise<void> => {
  await put("key.pem", key);
  await put("cert.pem", cert);
};
const workload = (id: string, by = authority) => by.issue({ names: [{ type: "url", value: id }], usage: "client" });

async function startWith(env: NodeJS.ProcessEnv): Promise<RunningGateway> {
  const commands = inProcessCommands({ logger: silentLogger });
  const feed = new FakeFeed();
  await commands.serve("approval", {
    GetGrantKeys: async ({ caller }) => {
      if (caller !== undefined) callers.push(caller);
      return new Uint8Array();
    },
  });
  const config = readGatewayConfig({
    COUNTERSIGN_PORT: "0",
    COUNTERSIGN_ISSUERS: JSON.stringify([issuer.issuer]),
    COUNTERSIGN_TLS_CERT_FILE: path("cert.pem"),
    COUNTERSIGN_TLS_KEY_FILE: path("key.pem"),
    COUNTERSIGN_TLS_RELOAD_INTERVAL: "20ms",
    COUNTERSIGN_DRAIN_TIME: "100ms",
    ...env,
  });
  return startGateway({ config, commands, feed, logger: silentLogger });
}

async function call(to: RunningGateway, certificate?: TestCertificate, token?: string): Promise<string> {
  const trust = credentials.createSsl(authority.cert, certificate?.key ?? null, certificate?.cert ?? null);
  const client = new Client(`localhost:${to.port}`, trust, { "grpc.enable_retries": 0 });
  const metadata = new Metadata();
  if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
  const { name, parent } = ActionService.method.getGrantKeys;
  try {
    return await new Promise<string>((resolve) => {
      const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
      client.makeUnaryRequest(
        `/${parent.typeName}/${name}`,
        asIs,
        asIs,
        new Uint8Array(),
        metadata,
        { deadline: Date.now() + 30_000 },
        (error) => resolve(error === null ? "OK" : fromServiceError(error).reason || fromServiceError(error).code),
      );
    });
  } finally {
    client.close();
  }
}

const handshake = (to: RunningGateway, options: ConnectionOptions = {}) =>
  new Promise<TLSSocket>((resolve, reject) => {
    const socket = connectTls({ port: to.port, host: "localhost", ca: authority.cert, ALPNProtocols: ["h2"], ...options }, () =>
      resolve(socket),
    );
    socket.once("error", reject);
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-tls-"));
  [authority, rival, issuer] = await Promise.all([testAuthority("acme"), testAuthority("rival"), createDevelopmentIssuer()]);
  await putServer(await authority.issue(SERVER));
  await put("acme.pem", authority.cert);
  await put("rival.pem", rival.cert);
  await put(
    "domains.json",
    JSON.stringify([
      {
        trustDomain: "acme.example",
        caFile: path("acme.pem"),
        workloads: [{ path: "/ns/prod/sa/*", tenant: "acme", roles: ["requester", "executor"] }],
      },
      { trustDomain: "rival.example", caFile: path("rival.pem"), workloads: [{ path: "/*", tenant: "rival", roles: ["requester"] }] },
    ]),
  );
  gateway = await startWith({ COUNTERSIGN_TRUST_DOMAINS_FILE: path("domains.json") });
});
beforeEach(() => void callers.splice(0));
afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true });
});

describe("a workload's certificate", () => {
  it("is enough to call, as a service of its tenant", async () => {
    expect(await call(gateway, await workload("spiffe://acme.example/ns/prod/sa/runbook"))).toBe("OK");
    expect(callers).toMatchObject([{ tenant: "acme", id: "spiffe://acme.example/ns/prod/sa/runbook", roles: ["requester", "executor"] }]);
  });

  it("P7: that is not listed, or of no trust domain, or not there is not enough", async () => {
    const stranger = await testAuthority("stranger");
    expect(await call(gateway, await workload("spiffe://acme.example/ns/test/sa/runbook"))).toBe("TOKEN_MISSING");
    expect(await call(gateway, await workload("spiffe://acme.example/ns/prod/sa/runbook", stranger))).toBe("TOKEN_MISSING");
    expect(await call(gateway, await authority.issue({ names: [{ type: "dns", value: "runbook" }], usage: "client" }))).toBe(
      "TOKEN_MISSING",
    );
    expect(await call(gateway)).toBe("TOKEN_MISSING");
    expect(callers).toEqual([]);
  });

  it("P8: of one trust domain does not speak for another, nor for another tenant", async () => {
    expect(await call(gateway, await workload("spiffe://acme.example/ns/prod/sa/runbook", rival))).toBe("TOKEN_MISSING");
    const token = await issuer.mint({ id: "ann", type: "human", tenant: "acme", roles: ["reviewer"] });
    expect(await call(gateway, await workload("spiffe://rival.example/proxy", rival), token)).toBe("TOKEN_INVALID");
    expect(callers).toEqual([]);
  });

  it("leaves the word to a token of its own tenant", async () => {
    const token = await issuer.mint({ id: "ann", type: "human", tenant: "acme", roles: ["reviewer"] });
    expect(await call(gateway, await workload("spiffe://acme.example/ns/prod/sa/proxy"), token)).toBe("OK");
    expect(await call(gateway, undefined, token)).toBe("OK");
    expect(callers.map(({ id }) => id)).toEqual(["ann", "ann"]);
  });
});

describe("TLS of the front door", () => {
  it("is 1.2 or newer", async () => {
    const socket = await handshake(gateway, { maxVersion: "TLSv1.2" });
    expect(socket.getProtocol()).toBe("TLSv1.2");
    socket.destroy();
    // Security level 0: otherwise the client itself would refuse to offer it.
    const old = handshake(gateway, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" });
    await expect(old).rejects.toThrow(/protocol version/i);
  });

  it("takes a renewed certificate without a restart, and keeps the old one while the files do not fit together", async () => {
    const serial = async (): Promise<string> => {
      const socket = await handshake(gateway);
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    const before = await serial();
    const renewed = await authority.issue(SERVER);
    await put("cert.pem", renewed.cert);
    expect(await call(gateway, await workload("spiffe://acme.example/ns/prod/sa/runbook"))).toBe("OK");
    expect(await serial()).toBe(before);
    await put("key.pem", renewed.key);
    await expect.poll(serial, { interval: 10 }).not.toBe(before);
    expect(await call(gateway, await workload("spiffe://acme.example/ns/prod/sa/runbook"))).toBe("OK");
  });

  it("P7: takes an authority that joined a trust domain without a restart, and knows nobody any more by one that left", async () => {
    const [first, second] = await Promise.all([testAuthority("first"), testAuthority("second")]);
    await put("rotated.pem", first.cert);
    const workloads = [{ path: "/ns/*", tenant: "acme", roles: ["requester"] }];
    await put("rotated.json", JSON.stringify([{ trustDomain: "rotated.example", caFile: path("rotated.pem"), workloads }]));
    const rotated = await startWith({ COUNTERSIGN_TRUST_DOMAINS_FILE: path("rotated.json") });
    const calls = async () =>
      Promise.all([first, second].map(async (by) => call(rotated, await workload("spiffe://rotated.example/ns/runbook", by))));
    expect(await calls()).toEqual(["OK", "TOKEN_MISSING"]);
    await put("rotated.pem", [first.cert, second.cert].join("\n"));
    await expect.poll(calls, { timeout: 20_000 }).toEqual(["OK", "OK"]);
    await put("rotated.pem", "no certificate");
    expect(await calls()).toEqual(["OK", "OK"]);
    await put("rotated.pem", second.cert);
    await expect.poll(calls, { timeout: 20_000 }).toEqual(["TOKEN_MISSING", "OK"]);
    await rotated.close();
  });

  it("P7: turns callers without a certificate away where one is required", async () => {
    const strict = await startWith({ COUNTERSIGN_TLS_CLIENT_CA_FILE: path("acme.pem") });
    const token = await issuer.mint({ id: "ann", type: "human", tenant: "acme", roles: ["reviewer"] });
    const plain = await authority.issue({ names: [{ type: "dns", value: "laptop" }], usage: "client" });
    expect(await call(strict, plain, token)).toBe("OK");
    expect(await call(strict, plain)).toBe("TOKEN_MISSING");
    expect(await call(strict, undefined, token)).toBe("UNAVAILABLE");
    expect(await call(strict, await workload("spiffe://rival.example/x", rival), token)).toBe("UNAVAILABLE");
    await strict.close();
  });

  it("P7: trust domains without TLS are a mistake that keeps the gateway from starting", () => {
    const env = { COUNTERSIGN_ISSUERS: JSON.stringify([issuer.issuer]), COUNTERSIGN_TRUST_DOMAINS_FILE: path("domains.json") };
    expect(() => readGatewayConfig(env)).toThrow(/COUNTERSIGN_TLS_CERT_FILE/);
  });
});
