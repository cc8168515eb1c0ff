import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { gzipSync } from "node:zlib";
import { create, toBinary, type DescService } from "@bufbuild/protobuf";
import { ServerReflectionRequestSchema } from "@countersign/proto/grpc/reflection/v1/reflection_pb";
import { AuditService } from "@countersign/proto/v1/audit_service_pb";
import { PolicyService } from "@countersign/proto/v1/policy_service_pb";
import { silentLogger } from "@countersign/telemetry";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ServiceHandlers, StreamHandler, UnaryHandler } from "./handlers.ts";
import { REFLECTION_PATHS } from "./reflection.ts";
import { createRpcServer, type RpcLimits, type RunningRpcServer } from "./server.ts";
import { GET_POLICY, hungUp, STREAM_EVENTS, until } from "./testing/calling.ts";

const GET_REPORT = "/countersign.v1.AuditService/GetReport";
const EMPTY = Buffer.alloc(5);
const LARGE_PLEASE = Buffer.of(0, 0, 0, 0, 1, 1);
const LARGE = new Uint8Array(100_000);

let server: RunningRpcServer;
let session: ClientHttp2Session;
/** Calls that their handlers have seen. */
let served: number;

function handlers<Service extends DescService>({ methods }: Service): ServiceHandlers<Service> {
  const answer: UnaryHandler = async (request) => {
    served += 1;
    return request.length > 0 ? LARGE : request;
  };
  const flood: StreamHandler = async (_request, _call, send) => {
    for (;;) await send(LARGE);
  };
  const tellAndWait: StreamHandler = async (_request, call, send) => {
    await send(LARGE);
    await hungUp(call);
  };
  const streams: Readonly<Record<string, StreamHandler>> = { getReport: tellAndWait };
  return Object.fromEntries(
    methods.map(({ localName, methodKind }) => [localName, methodKind === "unary" ? answer : (streams[localName] ?? flood)]),
  ) as ServiceHandlers<Service>;
}

/** The server's side of all streams. */
let streams: Duplex[];
const keep = (message: unknown): void => {
  if (typeof message === "object" && message !== null && "stream" in message && message.stream instanceof Duplex)
    streams.push(message.stream);
};
const isOver = ({ destroyed }: Duplex): boolean => destroyed;

async function start(stallMs: number, limits: RpcLimits = {}): Promise<void> {
  served = 0;
  streams = [];
  subscribe("http2.server.stream.created", keep);
  const rpc = createRpcServer({ logger: silentLogger, limits: { stallMs, sendMs: 100, drainMs: 100, ...limits } });
  rpc.add(PolicyService, handlers(PolicyService));
  rpc.add(AuditService, handlers(AuditService));
  server = await rpc.listen("127.0.0.1", 0);
  session = connect(`http://127.0.0.1:${server.port}`);
  await once(session, "remoteSettings");
}

async function stop(): Promise<void> {
  unsubscribe("http2.server.stream.created", keep);
  session.destroy();
  await server.close();
}

beforeEach(() => start(200));
afterEach(stop);

type Opened = { readonly stream: ClientHttp2Stream; readonly closed: Promise<string | undefined> };

/** A call that has sent its headers; `closed` tells the gRPC status, if there was one. */
function open(path: string, headers: Record<string, string> = {}): Opened {
  const stream = session.request(
    { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...headers },
    { endStream: false },
  );
  let status: string | undefined;
  const read = ({ "grpc-status": got }: Record<string, unknown>): void => {
    if (typeof got === "string") status = got;
  };
  stream
    .on("response", read)
    .on("trailers", read)
    .on("error", () => {});
  return { stream, closed: new Promise((resolve) => stream.once("close", () => resolve(status))) };
}
const answers = async (): Promise<string | undefined> => {
  const { stream, closed } = open(GET_POLICY);
  stream.resume().end(EMPTY);
  return closed;
};

describe("a client", () => {
  it("P7: a connection takes in the bodies of a crowd, not only their headers", async () => {
    expect(await answers()).toBe("0");
    expect(session.state.remoteWindowSize).toBeGreaterThan(900_000);
  });

  it("that never sends the rest of its requests is cut off, and nothing of them is kept", async () => {
    const partial = Buffer.alloc(50_000);
    partial.writeUInt32BE(100_000, 1);
    const held = [open(GET_POLICY), open(GET_POLICY), open(STREAM_EVENTS)];
    held[1]?.stream.write(partial);
    for (const { closed, stream } of held) {
      stream.resume();
      expect(await closed).toBe("4");
    }
    expect([served, streams.length]).toEqual([0, 3]);
    await until(() => streams.every(isOver));
    expect(await answers()).toBe("0");
  });

  it("that never reads an answer is cut off, and others on its connection are not", async () => {
    const held = Array.from({ length: 3 }, () => open(GET_POLICY));
    for (const { stream } of held) stream.end(LARGE_PLEASE);
    await until(() => served === 3);
    expect(await answers()).toBe("0");
    await until(() => streams.length === 4 && streams.every(isOver));
    expect(await answers()).toBe("0");
  });

  it("that asks for descriptions, says that this is all, and never reads is cut off", async () => {
    const symbol = { case: "fileContainingSymbol", value: AuditService.typeName } as const;
    const question = toBinary(ServerReflectionRequestSchema, create(ServerReflectionRequestSchema, { messageRequest: symbol }));
    const frame = Buffer.concat([Buffer.of(0, 0, 0, 0, question.length), question]);
    const path = REFLECTION_PATHS[0] ?? "";
    open(path).stream.end(Buffer.concat(Array.from({ length: 8 }, () => frame)));
    await until(() => streams.length === 1 && streams.every(isOver));
    const { stream: reading, closed } = open(path);
    reading.resume().end(frame);
    expect(await closed).toBe("0");
    expect(await answers()).toBe("0");
  });

  it("that never reads its stream is cut off", async () => {
    open(STREAM_EVENTS).stream.end(EMPTY);
    await until(() => streams.length === 1 && streams.every(isOver));
    expect(await answers()).toBe("0");
  });

  it("P7: that never reads what a stream tells it once, and then waits, is cut off", async () => {
    open(GET_REPORT).stream.end(EMPTY);
    await until(() => streams.length === 1 && streams.every(isOver));
    expect(await answers()).toBe("0");
  });

  it.each([GET_POLICY, GET_REPORT])("P7: that leaves many large answers unread has the oldest cut off at once: %s", async (path) => {
    await stop();
    await start(30_000, { maxUnreadBytes: 1_001_000 });
    const held = Array.from({ length: 20 }, () => open(path));
    for (const { stream } of held) stream.end(LARGE_PLEASE);
    await until(() => streams.filter(isOver).length === 10);
    expect(await answers()).toBe("0");
    expect(streams.slice(0, 20).map(isOver)).toEqual(held.map((_, index) => index < 10));
  });

  it("P8: that leaves many large answers unread does not have others' answers cut off", async () => {
    await stop();
    await start(30_000, { maxUnreadBytes: 1_001_000 });
    const other = session;
    open(GET_POLICY).stream.end(LARGE_PLEASE);
    await until(() => served === 1);
    session = connect(`http://127.0.0.1:${server.port}`);
    await once(session, "remoteSettings");
    for (let times = 0; times < 20; times += 1) open(GET_POLICY).stream.end(LARGE_PLEASE);
    await until(() => streams.filter(isOver).length === 11);
    expect(streams.map(isOver).slice(0, 12)).toEqual([false, ...Array.from({ length: 11 }, () => true)]);
    other.destroy();
  });

  it("that begins many requests and ends none has the oldest cut off at once", async () => {
    await stop();
    await start(60_000);
    // Nobody waits for a minute here: who has had an answer sends in vain.
    const { closed: late, stream: sending } = open(GET_POLICY, { "grpc-timeout": "20m" });
    sending.resume();
    expect(await late).toBe("4");
    await until(() => streams.every(isOver));
    streams = [];
    const held = Array.from({ length: 300 }, () => open(GET_POLICY));
    for (const { stream } of held) stream.resume();
    for (const { closed } of held.slice(0, 172)) expect(await closed).toBe("4");
    expect(streams.map(isOver)).toEqual(held.map((_, index) => index < 172));
    expect(session.remoteSettings.maxConcurrentStreams).toBe(4096);
  });

  it("P7: that sends what grows a thousandfold when it is unpacked is refused, and nothing is unpacked", async () => {
    const packed = gzipSync(Buffer.alloc(500_000));
    const message = Buffer.concat([Buffer.of(1, 0, 0, 0, 0), packed]);
    message.writeUInt32BE(packed.length, 1);
    const { closed, stream } = open(GET_POLICY, { "grpc-encoding": "gzip" });
    const said = once(stream, "response");
    stream.resume().end(message);
    expect([await closed, served]).toEqual(["12", 0]);
    expect(JSON.stringify(await said)).toContain("turn%20compression%20off%20in%20the%20client");
    await until(() => streams.every(isOver));
    expect(await answers()).toBe("0");
  });

  it("P7: that opens ever more connections gets no more than there may be, and those before stay", async () => {
    await stop();
    await start(200, { maxConnections: 2 });
    const connects = async (): Promise<{ held: ClientHttp2Session; taken: boolean }> => {
      const held = connect(`http://127.0.0.1:${server.port}`);
      const taken = new Promise<boolean>((resolve) => {
        held.once("remoteSettings", () => resolve(true)).once("close", () => resolve(false));
      });
      held.on("error", () => {});
      return { held, taken: await taken };
    };
    const second = await connects();
    expect([second.taken, (await connects()).taken, await answers()]).toEqual([true, false, "0"]);
    second.held.destroy();
    await vi.waitFor(
      async () => {
        const { held, taken } = await connects();
        held.destroy();
        expect(taken).toBe(true);
      },
      { timeout: 20_000 },
    );
  });

  it("that sends huge metadata is refused, and only that call", async () => {
    const { closed, stream } = open(GET_POLICY, { "x-large": "a".repeat(100_000) });
    expect(await closed).toBeUndefined();
    expect(stream.rstCode).toBe(constants.NGHTTP2_REFUSED_STREAM);
    expect(await answers()).toBe("0");
  });
});
