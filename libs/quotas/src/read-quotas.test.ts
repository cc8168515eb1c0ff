import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "@countersign/config";
import { afterAll, describe, expect, it } from "vitest";
import { readQuotas } from "./read-quotas.ts";

const dir = mkdtempSync(join(tmpdir(), "countersign-quotas-"));
afterAll(() => rmSync(dir, { recursive: true }));

function quotas(text: string) {
  const file = join(dir, "quotas.yaml");
  writeFileSync(file, text);
  return readQuotas({ COUNTERSIGN_QUOTAS_FILE: file });
}

const UNLIMITED = {
  requestsPerSecond: Infinity,
  burst: Infinity,
  pendingReviews: Infinity,
  openWatches: Infinity,
  people: 100_000,
  groups: 10_000,
  memberships: 1_000_000,
  delegations: 10_000,
};

describe("readQuotas", () => {
  it("P8: limits directories only without a file, or with an empty one", () => {
    for (const found of [readQuotas({}), quotas("")]) expect(found.of("acme")).toEqual(UNLIMITED);
  });

  it("gives each tenant its own, or what all have", () => {
    const found = quotas(`
default: { requests_per_second: 50, pending_reviews: 1000 }
tenants:
  acme: { requests_per_second: 0.5, open_watches: 7 }
  globex: { pending_reviews: none, burst: 5, people: 7, memberships: none }
`);
    expect(found.of("initech")).toEqual({ ...UNLIMITED, requestsPerSecond: 50, burst: 100, pendingReviews: 1000 });
    expect(found.of("acme")).toEqual({ ...UNLIMITED, requestsPerSecond: 0.5, burst: 1, pendingReviews: 1000, openWatches: 7 });
    expect(found.of("globex")).toEqual({ ...UNLIMITED, requestsPerSecond: 50, burst: 5, people: 7, memberships: Infinity });
    expect(found.of("__proto__")).toEqual(found.of("initech"));
  });

  it.each([
    ["a misspelt member", "default: { request_per_second: 5 }", /COUNTERSIGN_QUOTAS_FILE\.default.*request_per_second/],
    ["a tenant that cannot be one", "tenants: { Acme: {} }", /COUNTERSIGN_QUOTAS_FILE\.tenants/],
    ["zero", "tenants: { acme: { open_watches: 0 } }", /COUNTERSIGN_QUOTAS_FILE\.tenants\.acme\.open_watches/],
    ["what is no YAML", "default: [", /cannot read/],
  ])("P7: refuses %s", (_what, text, message) => {
    expect(() => quotas(text)).toThrow(ConfigError);
    expect(() => quotas(text)).toThrow(message);
  });

  it("P7: refuses to start when the file is not there", () => {
    expect(() => readQuotas({ COUNTERSIGN_QUOTAS_FILE: "/no/such/file" })).toThrow(/cannot read \/no\/such\/file/);
  });
});
