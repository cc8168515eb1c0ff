import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PrincipalType, SignInStrength } from "@countersign/proto/v1/principal_pb";
import { type CertificateOptions, testAuthority } from "@countersign/testing/certificates";
import { afterAll, describe, expect, it } from "vitest";
import { readTrustDomains, type TrustDomain } from "./trust-domains.ts";
import { createWorkloads } from "./workloads.ts";

const acme = await testAuthority("acme");
const rival = await testAuthority("rival");
const trustDomains: readonly TrustDomain[] = [
  {
    trustDomain: "acme.example",
    ca: acme.cert,
    workloads: [
      { path: "/ns/prod/sa/runbook", tenant: "acme", roles: ["requester", "executor"] },
      { path: "/ns/*/sa/reader", tenant: "acme-labs", roles: ["auditor"] },
    ],
  },
  { trustDomain: "rival.example", ca: rival.cert, workloads: [{ path: "/*", tenant: "rival", roles: ["requester"] }] },
];
const { identify } = createWorkloads(trustDomains, () => new Date());
const url = (value: string) => ({ type: "url" as const, value });
const certificate = async (authority: typeof acme, ids: readonly string[], more: Partial<CertificateOptions> = {}) =>
  new X509Certificate((await authority.issue({ names: ids.map(url), usage: "client", ...more })).cert).raw;

describe("a certificate with a SPIFFE id", () => {
  it("is a service with the tenant and roles of its path", async () => {
    const found = identify(await certificate(acme, ["spiffe://acme.example/ns/prod/sa/runbook"]));
    expect(found?.principal).toMatchObject({
      tenant: "acme",
      type: PrincipalType.SERVICE,
      issuer: "spiffe://acme.example",
      id: "spiffe://acme.example/ns/prod/sa/runbook",
      roles: ["requester", "executor"],
      chain: [],
      signIn: SignInStrength.UNSPECIFIED,
    });
    expect(found?.expiresAt.getTime()).toBeGreaterThan(Date.now());
    expect(identify(await certificate(acme, ["spiffe://acme.example/ns/test/sa/reader"]))?.principal.tenant).toBe("acme-labs");
  });

  it("P7: is nobody when its path is not listed", async () => {
    for (const path of ["/ns/prod/sa/other", "/ns/prod/sa/runbook/x", "/ns/prod/sa", "/ns/a/b/sa/reader", "/ns/prod/sa/Runbook"]) {
      expect(identify(await certificate(acme, [`spiffe://acme.example${path}`])), path).toBeUndefined();
    }
  });

  it("P8: of one trust domain's authority is nobody in another's", async () => {
    expect(identify(await certificate(rival, ["spiffe://acme.example/ns/prod/sa/runbook"]))).toBeUndefined();
    expect(identify(await certificate(acme, ["spiffe://rival.example/runbook"]))).toBeUndefined();
    expect(identify(await certificate(rival, ["spiffe://rival.example/runbook"]))?.principal.tenant).toBe("rival");
  });

  it("P7: of an authority that only bears the name of its trust domain's is nobody", async () => {
    const impostor = await testAuthority("acme");
    expect(identify(await certificate(impostor, ["spiffe://acme.example/ns/prod/sa/runbook"]))).toBeUndefined();
  });

  it("P7: is nobody when its id is longer than an id may be", async () => {
    const idOf = (length: number): string => "spiffe://rival.example/".padEnd(length, "x");
    expect(identify(await certificate(rival, [idOf(256)]))?.principal.id).toBe(idOf(256));
    expect(identify(await certificate(rival, [idOf(257)]))).toBeUndefined();
  });

  it.each<[string, readonly string[], Partial<CertificateOptions>]>([
    ["without an id", [], { names: [{ type: "dns", value: "runbook" }] }],
    ["with two ids", ["spiffe://acme.example/ns/prod/sa/runbook", "spiffe://acme.example/ns/prod/sa/reader"], {}],
    ["with another URI", ["https://acme.example/ns/prod/sa/runbook"], {}],
    ["with a query", ["spiffe://acme.example/ns/prod/sa/runbook?x=1"], {}],
    ["with a way up in its path", ["spiffe://acme.example/ns/../sa/reader"], {}],
    ["with a port", ["spiffe://acme.example:1/ns/prod/sa/runbook"], {}],
    ["with an id hidden in a name", ["x, URI:spiffe://acme.example/ns/prod/sa/runbook"], {}],
    ["that may sign others", ["spiffe://acme.example/ns/prod/sa/runbook"], { isCa: true }],
  ])("P7: %s is nobody", async (_what, ids, more) => {
    expect(identify(await certificate(acme, ids, more))).toBeUndefined();
  });

  it.each(["", "x", "-----BEGIN CERTIFICATE-----"])("P7: that is %j is refused by name", (bytes) => {
    expect(() => identify(Buffer.from(bytes))).toThrow(expect.objectContaining({ code: "TOKEN_INVALID" }));
  });

  it("P7: that has expired is refused, also on a connection from before", async () => {
    let now = new Date();
    const workloads = createWorkloads(trustDomains, () => now);
    const der = await certificate(acme, ["spiffe://acme.example/ns/prod/sa/runbook"], { validUntil: new Date(Date.now() + 60_000) });
    expect(workloads.identify(der)).toBeDefined();
    now = new Date(Date.now() + 61_000);
    expect(() => workloads.identify(der)).toThrow(expect.objectContaining({ code: "TOKEN_EXPIRED" }));
  });
});

it("P7: a certificate by an authority that has left its trust domain is nobody's, also one that was seen before", async () => {
  const workloads = createWorkloads(trustDomains, () => new Date());
  const [before, after] = await Promise.all([acme, rival].map((by) => certificate(by, ["spiffe://acme.example/ns/prod/sa/runbook"])));
  expect([workloads.identify(before ?? Buffer.of())?.principal.tenant, workloads.identify(after ?? Buffer.of())]).toEqual([
    "acme",
    undefined,
  ]);
  workloads.renew(trustDomains.map((domain) => ({ ...domain, ca: rival.cert })));
  expect([workloads.identify(before ?? Buffer.of()), workloads.identify(after ?? Buffer.of())?.principal.tenant]).toEqual([
    undefined,
    "acme",
  ]);
});

describe("readTrustDomains", () => {
  const dir = mkdtempSync(join(tmpdir(), "countersign-trust-"));
  afterAll(() => rmSync(dir, { recursive: true }));
  const read = (text: string) => {
    const file = join(dir, "domains.yaml");
    writeFileSync(join(dir, "ca.pem"), acme.cert);
    writeFileSync(file, text.replaceAll("$DIR", dir));
    return readTrustDomains({ COUNTERSIGN_TRUST_DOMAINS_FILE: file });
  };

  it("reads them with their authorities; none is the default", () => {
    expect(readTrustDomains({})).toEqual([]);
    const text = "- trustDomain: acme.example\n  caFile: $DIR/ca.pem\n  workloads: [{ path: /ns/*, tenant: acme, roles: [requester] }]";
    expect(read(text)).toEqual([
      { trustDomain: "acme.example", ca: acme.cert, workloads: [{ path: "/ns/*", tenant: "acme", roles: ["requester"] }] },
    ]);
  });

  it.each([
    ["[]", /at least one trust domain/],
    ["- {trustDomain: ACME, caFile: x, workloads: [{path: ns, tenant: A b}]}", /0\.trustDomain.*\n.*0\.workloads\.0\.path.*\n.*tenant/],
    ["- {trustDomain: a, caFile: /no/ca, workloads: [{path: /x, tenant: a}]}", /COUNTERSIGN_TRUST_DOMAINS_FILE: .*\/no\/ca/],
    ["- {trustDomain: a, caFile: $DIR/domains.yaml, workloads: [{path: /x, tenant: a}]}", /holds no certificate/],
  ])("P7: refuses %s", (text, problem) => {
    expect(() => read(text)).toThrow(problem);
  });
});
