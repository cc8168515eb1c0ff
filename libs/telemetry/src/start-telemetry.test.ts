import { metrics } from "@opentelemetry/api";
import { afterEach, describe, expect, it } from "vitest";
import { instruments, measureWith, tenantLabel, tracer } from "./current.ts";
import { observe } from "./observe.ts";
import { Readiness } from "./readiness.ts";
import { beginSpan, inSpan, startSpan, tellSpan } from "./spans.ts";
import { startTelemetry, type Telemetry } from "./start-telemetry.ts";

let telemetry: Telemetry | undefined;
afterEach(() => telemetry?.close());
const start = async (env: NodeJS.ProcessEnv = {}): Promise<Telemetry> => (telemetry = await startTelemetry("test", env));
const get = async (path: string, method = "GET"): Promise<{ status: number; body: string; type: string | null }> => {
  const answer = await fetch(`http://${telemetry?.address}${path}`, { method });
  return { status: answer.status, body: await answer.text(), type: answer.headers.get("content-type") };
};

describe("telemetry", () => {
  it("does nothing unless it is asked to", async () => {
    const { address } = await start();
    expect([address, instruments(), tracer()]).toEqual([undefined, undefined, undefined]);
    expect([beginSpan("x", {}, ""), startSpan("x", {}), tellSpan("x")]).toEqual([undefined, undefined, false]);
    expect(await inSpan(undefined, async (span) => span)).toBeUndefined();
  });

  it("serves metrics on loopback, from zero on, and nothing else", async () => {
    await start({ COUNTERSIGN_TELEMETRY_PORT: "0" });
    instruments()?.grants.add(1, { "countersign.outcome": "issued" });
    const { status, body, type } = await get("/metrics");
    expect([status, type]).toEqual([200, "application/openmetrics-text; version=1.0.0; charset=utf-8"]);
    expect(body).toContain('countersign_grants_total{countersign_outcome="issued"} 1\n');
    expect(body).toContain('countersign_votes_refused_total{countersign_reason="SELF_APPROVAL"} 0\n');
    expect(body).toMatch(/nodejs_eventloop_utilization_ratio \d/);
    expect(body.endsWith("# EOF\n")).toBe(true);
    expect([(await get("/")).status, (await get("/metrics", "POST")).status, (await get("/livez")).status]).toEqual([404, 405, 200]);
    expect(telemetry?.address).toMatch(/^127\.0\.0\.1:/);
  });

  it("has no label for tenants unless an operator wants one", async () => {
    await start({ COUNTERSIGN_TELEMETRY_PORT: "0" });
    expect(tenantLabel("acme")).toEqual({});
    await telemetry?.close();
    await start({ COUNTERSIGN_TELEMETRY_PORT: "0", COUNTERSIGN_TELEMETRY_TENANTS: "true" });
    expect(tenantLabel("acme")).toEqual({ "countersign.tenant": "acme" });
  });

  it("leaves a gauge out that cannot be read, and looks no more often than it should", async () => {
    await start({ COUNTERSIGN_TELEMETRY_PORT: "0" });
    let looks = 0;
    let broken = true;
    const end = observe(
      { "countersign.test": { description: "x" } },
      () => {
        looks += 1;
        if (broken) throw new Error("away");
        return { "countersign.test": [{ value: 3 }] };
      },
      { freshMs: 60_000 },
    );
    expect((await get("/metrics")).body).not.toContain("countersign_test");
    broken = false;
    expect((await get("/metrics")).body).toContain("countersign_test 3");
    await get("/metrics");
    expect(looks).toBe(2);
    end();
    expect((await get("/metrics")).body).not.toContain("countersign_test");
  });

  it("ends, and forgets what measured", async () => {
    await start({ COUNTERSIGN_TELEMETRY_PORT: "0" });
    await telemetry?.close();
    expect(instruments()).toBeUndefined();
    await expect(get("/metrics")).rejects.toThrow("fetch failed");
    expect(metrics.getMeterProvider().constructor.name).toMatch(/Noop/);
    measureWith({});
  });
});

describe("readiness", () => {
  it("P7: is not there before anything was looked at, and names what is missing without its message", async () => {
    const readiness = new Readiness();
    expect([(await readiness.look()).ready, await readiness.serving()]).toEqual([false, false]);
    readiness.add("postgres", "vital", async () => {
      throw new Error("password authentication failed for postgres://app:secret@db");
    });
    readiness.add("consumer x", "lag", async () => "is 70 s behind the log");
    expect(await readiness.look()).toEqual({
      ready: false,
      checks: { postgres: "failed", "consumer x": "is 70 s behind the log" },
    });
  });

  it("lets a front door serve while something is only behind", async () => {
    const readiness = new Readiness();
    readiness.add("postgres", "vital", async () => undefined);
    const remove = readiness.add("consumer x", "lag", async () => "is 70 s behind the log");
    expect([(await readiness.look()).ready, await readiness.serving()]).toEqual([false, true]);
    remove();
    expect(await new Readiness().look()).toMatchObject({ ready: false });
  });

  it("is served over HTTP", async () => {
    const { readiness } = await start({ COUNTERSIGN_TELEMETRY_PORT: "0" });
    expect((await get("/readyz")).status).toBe(503);
    readiness.add("nats", "vital", async () => undefined);
    expect(await get("/readyz")).toMatchObject({ status: 200, body: '{"ready":true,"checks":{"nats":"ok"}}\n' });
    expect((await get("/metrics")).body).toContain('countersign_ready{countersign_check="nats"} 1');
  });
});
