import { once } from "node:events";
import { constants, createServer } from "node:http2";
import { setImmediate as turn } from "node:timers/promises";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { Server, ServerCredentials, type ServerWritableStream } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createClient } from "./client.ts";
import { PlayedServer, stateOf } from "./testing/played-server.ts";

let played: PlayedServer;

beforeEach(async () => {
  played = await PlayedServer.start();
});
afterEach(() => played.close());

const watch = (options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}) =>
  played.client.actions.watchAction({ actionId: "a1" }, options);

describe("a stream", () => {
  it("brings all messages in their order, also to a slow reader", async () => {
    const versions = Array.from({ length: 300 }, (_, index) => BigInt(index + 1));
    played.watch = async (_request, _call, send) => {
      for (const version of versions) await send(stateOf(ActionStatus.IN_REVIEW, { version }));
    };
    const seen: bigint[] = [];
    for await (const { action } of watch()) {
      seen.push(action?.version ?? 0n);
      if (seen.length % 50 === 0) await turn();
    }
    expect(seen).toEqual(versions);
  });

  it("is cancelled by whoever stops reading it", async () => {
    const cancelled = Promise.withResolvers<void>();
    played.watch = async (_request, call, send) => {
      const aborted = once(call.signal, "abort");
      await send(stateOf(ActionStatus.IN_REVIEW));
      await aborted;
      cancelled.resolve();
    };
    for await (const { action } of watch()) {
      expect(action?.version).toBe(3n);
      break;
    }
    await cancelled.promise;
  });

  it("ends with an error at its deadline", async () => {
    played.watch = async (_request, call) => void (await once(call.signal, "abort"));
    await expect(watch({ timeoutMs: 100 })[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      name: "CountersignError",
      code: "DEADLINE_EXCEEDED",
    });
  });

  it("ends with an error when it is aborted, after what has come", async () => {
    played.watch = async (_request, call, send) => {
      const aborted = once(call.signal, "abort");
      await send(stateOf(ActionStatus.IN_REVIEW));
      await aborted;
    };
    const controller = new AbortController();
    const messages = watch({ signal: controller.signal })[Symbol.asyncIterator]();
    expect(await messages.next()).toMatchObject({ value: { action: { version: 3n } } });
    controller.abort(new Error("enough"));
    await expect(messages.next()).rejects.toMatchObject({ name: "CountersignError", code: "CANCELLED" });
  });
});

describe("a unary call", () => {
  it("whose stream ends without a status is repeated as after a broken connection", async () => {
    let calls = 0;
    const server = createServer();
    server.on("stream", (stream) => {
      calls += 1;
      if (calls === 1) return stream.close(constants.NGHTTP2_NO_ERROR);
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.alloc(5));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const bound = server.address();
    if (bound === null || typeof bound === "string") throw new Error("no port");
    const client = createClient({ address: `127.0.0.1:${bound.port}`, token: "t" });
    try {
      await expect(client.actions.getAction({ actionId: "a1" })).resolves.toMatchObject({ grantToken: "" });
      expect(calls).toBe(2);
    } finally {
      client.close();
      server.close();
    }
  });

  it("fails when two replies come", async () => {
    const same = (bytes: Buffer): Buffer => bytes;
    const path = "/countersign.v1.ActionService/GetAction";
    const shape = { requestStream: false, responseStream: true, requestSerialize: same, requestDeserialize: same };
    const server = new Server();
    server.addService(
      { getAction: { path, ...shape, responseSerialize: same, responseDeserialize: same } },
      {
        getAction: (call: ServerWritableStream<Buffer, Buffer>) => {
          call.write(Buffer.alloc(0));
          call.write(Buffer.alloc(0));
          call.end();
        },
      },
    );
    const bound = Promise.withResolvers<number>();
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? bound.resolve(port) : bound.reject(error),
    );
    const client = createClient({ address: `127.0.0.1:${await bound.promise}`, token: "t" });
    try {
      await expect(client.actions.getAction({ actionId: "a1" })).rejects.toMatchObject({ code: "UNIMPLEMENTED" });
    } finally {
      client.close();
      server.forceShutdown();
    }
  });
});
