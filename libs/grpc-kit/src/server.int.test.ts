import { CommandError } from "@countersign/bus";
import { HealthCheckResponse_ServingStatus as Serving } from "@countersign/proto/grpc/health/v1/health_pb";
import { PolicyService } from "@countersign/proto/v1/policy_service_pb";
import { AuditService } from "@countersign/proto/v1/audit_service_pb";
import { silentLogger } from "@countersign/telemetry";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { StreamHandler, UnaryHandler } from "./handlers.ts";
import type { RpcCall } from "./rpc-call.ts";
import { createRpcServer, type RpcLimits, type RunningRpcServer } from "./server.ts";
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

describe("streams", () => {
  it("end with what the handler throws, after what it sent", async () => {
    stream = async (_request, _call, send) => {
      await send(new Uint8Array(7));
      throw new CommandError("NOT_FOUND", "NOT_FOUND", "no");
    };
    const { messages, ended } = open();
    expect(await ended).toBe("NOT_FOUND");
    expect(messages).toEqual([7]);
  });

  it("wait for a slow reader instead of filling memory", async () => {
    await stop();
    await start({ ...LIMITS, sendMs: 60_000 });
    let sent = 0;
    stream = async (_request, _call, send) => {
      for (; sent < 400; sent += 1) await send(new Uint8Array(16_384));
    };
    const { reading, messages, ended } = open();
    reading.pause();
    await until(() => sent > 0);
    // Other calls go to and fro, again and again, and nothing more is sent.
    for (let before = -1, still = 0; still < 10; still = sent === before ? still + 1 : 0) {
      before = sent;
      await call(GET_POLICY, new Uint8Array());
    }
    expect(sent).toBeLessThan(200);
    reading.resume();
    expect(await ended).toBe("OK");
    expect(messages).toHaveLength(400);
  });

  it("free everything when the caller hangs up", async () => {
    let finished = 0;
    stream = async (_request, seen, send) => {
      await send(new Uint8Array(1));
      await hungUp(seen).finally(() => (finished += 1));
    };
    for (let round = 0; round < 5; round += 1) {
      const { reading, messages, ended } = open();
      await until(() => messages.length === 1);
      reading.cancel();
      expect(await ended).toBe("CANCELLED");
      await until(() => finished === round + 1);
    }
  });

  it("that nobody reads end, and leave their places to others", async () => {
    const ends: string[] = [];
    stream = async (_request, _call, send) => {
      try {
        for (;;) await send(new Uint8Array(16_384));
      } catch (error) {
        ends.push(error instanceof CommandError ? error.reason : String(error));
        throw error;
      }
    };
    const held = [open(), open()];
    for (const { reading } of held) reading.pause();
    await until(() => ends.length === 2);
    expect(ends).toEqual(["TIMEOUT", "TIMEOUT"]);
    stream = async () => {};
    expect(await open().ended).toBe("OK");
    for (const { reading } of held) reading.cancel();
  });

  it("that nobody reads end with the caller's token", async () => {
    await stop();
    await start({ ...LIMITS, sendMs: 600_000 });
    let end = "";
    stream = async (_request, seen, send) => {
      seen.admitted("acme", new Date(Date.now() + 10));
      for (;;) {
        await send(new Uint8Array(16_384)).catch((error: unknown) => {
          end = String(error);
          throw error;
        });
      }
    };
    const { reading } = open();
    reading.pause();
    await until(() => end !== "");
    expect(end).toContain("does not read");
    reading.cancel();
  });

  it("tell who reads what is sent at their token's very end", async () => {
    await stop();
    await start({ ...LIMITS, sendMs: 600_000 });
    let patienceMs: number | undefined = 0;
    stream = async (_request, seen, send) => {
      seen.admitted("acme", new Date(0));
      const timers = vi.spyOn(globalThis, "setTimeout");
      const sent = send(new Uint8Array(7));
      patienceMs = timers.mock.calls[0]?.[1];
      timers.mockRestore();
      await sent;
    };
    const { messages, ended } = open();
    expect([await ended, messages, patienceMs]).toEqual(["OK", [7], 1000]);
  });

  it("P8: are counted by owner, so that one cannot take the others' places", async () => {
    let left = 0;
    stream = async (request, seen) => {
      seen.admitted(String(request[0]), new Date(Date.now() + 60_000));
      await hungUp(seen).finally(() => (left += 1));
    };
    const first = open(Uint8Array.of(1));
    await until(() => arrived === 1);
    expect(await open(Uint8Array.of(1)).ended).toBe("RESOURCE_EXHAUSTED");
    const second = open(Uint8Array.of(2));
    await until(() => arrived === 3);
    first.reading.cancel();
    await first.ended;
    await until(() => left === 1);
    const third = open(Uint8Array.of(1));
    await until(() => arrived === 4);
    const ended = Promise.all([second.ended, third.ended]);
    for (const { reading } of [second, third]) reading.cancel();
    expect(await ended).toEqual(["CANCELLED", "CANCELLED"]);
  });

  it("that ended well tell their handler nothing of a caller that hung up", async () => {
    let seen: RpcCall | undefined;
    let signal: AbortSignal | undefined;
    stream = async (_request, streamed) => {
      seen = streamed;
      signal = streamed.signal;
    };
    expect(await open().ended).toBe("OK");
    // So grpc-js calls every call at its end, and says so.
    await until(() => seen?.cancelled === true);
    expect(signal?.aborted).toBe(false);
  });

  it("beyond the cap are refused", async () => {
    stream = (_request, seen) => hungUp(seen);
    const held = [open(), open()];
    await until(() => arrived === 2);
    expect(await open().ended).toBe("RESOURCE_EXHAUSTED");
    for (const { reading, ended } of held) {
      reading.cancel();
      await ended;
    }
  });
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
