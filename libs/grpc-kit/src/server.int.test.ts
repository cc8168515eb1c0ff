import { HealthCheckResponse_ServingStatus as Serving } from "@countersign/proto/grpc/health/v1/health_pb";
import { PolicyService } from "@countersign/proto/v1/policy_service_pb";
import { AuditService } from "@countersign/proto/v1/audit_service_pb";
import { silentLogger } from "@countersign/telemetry";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StreamHandler, UnaryHandler } from "./handlers.ts";
import { createRpcServer, type RpcLimits, type RunningRpcServer } from "./server.ts";
import { streams } from "./streams.suite.ts";
import { calling, failure, GET_POLICY, hungUp, reflected, silent, until } from "./testing/calling.ts";

const LIMITS = { maxInFlight: 3, maxParked: 2, maxParkedOf: () => 1, sendMs: 150, maxMessageBytes: 1000, drainMs: 20_000 };

let server: RunningRpcServer;
let client: Client;
let unary: UnaryHandler;
let stream: StreamHandler;
/** Calls that their handlers have seen. */
let arrived: number;

beforeEach(async () => {
  unary = async (request) => request;
  stream = async () => {};
  await start(LIMITS);
});

async function start(limits: RpcLimits): Promise<void> {
  const rpc = createRpcServer({ logger: silentLogger, limits });
  arrived = 0;
  const counted = <Result>(handled: Result): Result => {
    arrived += 1;
    return handled;
  };
  rpc.add(PolicyService, { ...silent(PolicyService), getPolicy: (request, call) => counted(unary(request, call)) });
  rpc.add(AuditService, { ...silent(AuditService), streamEvents: (request, call, send) => counted(stream(request, call, send)) });
  server = await rpc.listen("127.0.0.1", 0);
  client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure(), { "grpc.enable_retries": 0 });
}

afterEach(stop);

async function stop(): Promise<void> {
  client.close();
  await server.close();
}

const { call, open, health, watchHealth } = calling(() => client);

describe("calls", () => {
  it("hand bytes in and out untouched, well-formed or not", async () => {
    const junk = Uint8Array.from([0xff, 0xff, 0xff, 1, 2, 3]);
    expect(await call(GET_POLICY, junk)).toEqual(Buffer.from(junk));
  });

  it("know their token, headers and deadline", async () => {
    const metadata = new Metadata();
    metadata.set("authorization", "Bearer abc.def.ghi");
    metadata.set("traceparent", "00-1-2-3");
    unary = async (_request, seen) => Buffer.from(`${seen.bearerToken} ${seen.header("traceparent")} ${seen.remainingMs(-1) > 60_000}`);
    expect(String(await call(GET_POLICY, new Uint8Array(), { metadata, deadline: Date.now() + 120_000 }))).toBe(
      "abc.def.ghi 00-1-2-3 true",
    );
    unary = async (_request, seen) => Buffer.from(`${seen.bearerToken}|${seen.remainingMs(1234)}`);
    expect(String(await call(GET_POLICY, new Uint8Array()))).toBe("|1234");
  });

  it("P7: keep of their headers only the trace while they wait for people, once it is known who calls", async () => {
    const traceparent = `00-${"1".repeat(32)}-${"2".repeat(16)}-01`;
    const metadata = Metadata.fromHttp2Headers({ authorization: "Bearer a.b.c", "x-large": "x".repeat(50_000), traceparent });
    for (const order of [
      ["admitted", "park"],
      ["park", "admitted"],
    ]) {
      unary = async (_request, seen) => {
        for (const step of order) {
          expect(seen.bearerToken).toBe("a.b.c");
          if (step === "park") seen.park();
          else seen.admitted("acme", new Date());
        }
        return Buffer.from(["authorization", "x-large", "traceparent"].map((name) => seen.header(name)).join(""));
      };
      metadata.set("traceparent", traceparent);
      expect(String(await call(GET_POLICY, new Uint8Array(), { metadata }))).toBe(traceparent);
      metadata.set("traceparent", "0".repeat(50_000));
      expect(String(await call(GET_POLICY, new Uint8Array(), { metadata }))).toBe("");
    }
  });

  it("are refused when they are too large, before any handler sees them", async () => {
    unary = async () => {
      throw new Error("reached the handler");
    };
    expect(await failure(call(GET_POLICY, new Uint8Array(1001)))).toBe("RESOURCE_EXHAUSTED");
    expect(await failure(call(GET_POLICY, new Uint8Array(100_000)))).toBe("RESOURCE_EXHAUSTED");
  });

  it("beyond the cap are refused at once, and the cap is free again afterwards", async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    unary = async (request) => gate.then(() => request);
    const held = [1, 2, 3].map(() => call(GET_POLICY, new Uint8Array()));
    await until(() => arrived === 3);
    expect(await failure(call(GET_POLICY, new Uint8Array()))).toBe("RESOURCE_EXHAUSTED");
    expect(await health("")).toBe(Serving.SERVING);
    release();
    await Promise.all(held);
    expect(await failure(call(GET_POLICY, new Uint8Array()))).toBe("ok");
  });

  it("end at the caller's deadline", async () => {
    unary = (_request, seen) => hungUp(seen);
    expect(await failure(call(GET_POLICY, new Uint8Array(), { deadline: Date.now() + 50 }))).toBe("DEADLINE_EXCEEDED");
  });
});

streams({
  call,
  open,
  limits: LIMITS,
  handle: (handler) => (stream = handler),
  arrived: () => arrived,
  restart: async (limits) => {
    await stop();
    await start(limits);
  },
});

describe("closing", () => {
  it("finishes calls under way, ends streams and takes no more calls", async () => {
    stream = (_request, seen) => hungUp(seen);
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    unary = async (request) => gate.then(() => request);
    const held = call(GET_POLICY, Uint8Array.of(5));
    const streaming = open();
    await until(() => arrived === 2);
    const closing = server.close();
    expect(await streaming.ended).toBe("UNAVAILABLE");
    expect(await failure(call(GET_POLICY, new Uint8Array()))).toBe("UNAVAILABLE");
    release();
    expect(await held).toEqual(Buffer.of(5));
    await closing;
  });

  it("does not wait for ever", async () => {
    await stop();
    await start({ ...LIMITS, drainMs: 100 });
    unary = () => new Promise(() => {});
    const held = failure(call(GET_POLICY, new Uint8Array()));
    await until(() => arrived === 1);
    const started = Date.now();
    await server.close();
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(await held).not.toBe("ok");
  });
});

describe("health", () => {
  it("knows the server and each service, and no others", async () => {
    expect(await health("")).toBe(Serving.SERVING);
    expect(await health("countersign.v1.AuditService")).toBe(Serving.SERVING);
    expect(await failure(health("countersign.v1.Other"))).toBe("NOT_FOUND");
    expect(await failure(call("/grpc.health.v1.Health/Check", Uint8Array.of(0xff)))).toBe("INVALID_ARGUMENT");
  });

  it("can be watched", async () => {
    const { seen, ended } = watchHealth("");
    await until(() => seen.length === 1);
    await server.close();
    await ended;
    expect(seen).toEqual([Serving.SERVING, Serving.NOT_SERVING]);
  });
});

describe("reflection", () => {
  it.each(["v1", "v1alpha"])("answers %s clients", async (version) => {
    const answers = await reflected(client, version, [
      { case: "listServices", value: "" },
      { case: "fileContainingSymbol", value: "countersign.v1.PolicyService.GetPolicy" },
      { case: "fileByFilename", value: "countersign/v1/principal.proto" },
      { case: "fileByFilename", value: "etc/passwd" },
      { case: "allExtensionNumbersOfType", value: "countersign.v1.Principal" },
    ]);
    expect(answers).toEqual([
      "countersign.v1.PolicyService countersign.v1.AuditService grpc.health.v1.Health",
      "fileDescriptorResponse with imports",
      "fileDescriptorResponse alone",
      "errorResponse ",
      "allExtensionNumbersResponse ",
    ]);
  });
});
