import { fromBinary } from "@bufbuild/protobuf";
import { HealthCheckResponse_ServingStatus as Serving, HealthCheckResponseSchema } from "@countersign/proto/grpc/health/v1/health_pb";
import { expect, it } from "vitest";
import type { StreamHandler } from "./handlers.ts";
import { HealthState } from "./health.ts";
import type { RpcCall } from "./rpc-call.ts";

it("whoever watches hears of what changes while the last change is on its way", async () => {
  const health = new HealthState([]);
  const hangsUp = new AbortController();
  const told: Serving[] = [];
  const watch = health.handlers.watch as StreamHandler;
  const watching = watch(new Uint8Array(), { signal: hangsUp.signal } as RpcCall, async (message) => {
    told.push(fromBinary(HealthCheckResponseSchema, message).status);
    if (told.length < 3) health.set(told.length === 1);
  });
  await expect.poll(() => told, { timeout: 20_000 }).toEqual([Serving.NOT_SERVING, Serving.SERVING, Serving.NOT_SERVING]);
  hangsUp.abort(new Error("hung up"));
  await expect(watching).rejects.toThrow("hung up");
});
