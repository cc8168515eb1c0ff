import type { ServerHttp2Stream } from "node:http2";
import { Duplex } from "node:stream";
import type { ServerInterceptor } from "@grpc/grpc-js";

/** A call as interceptors see it. */
export type Call = Parameters<ServerInterceptor>[1];

/** What a call stands on: what is not in grpc-js can be done to its HTTP/2 stream. */
export function streamOf(call: Call): Duplex & Pick<ServerHttp2Stream, "session"> {
  const stream: unknown = Reflect.get(call, "stream");
  if (!(stream instanceof Duplex) || !("session" in stream)) throw new Error("grpc-js keeps its HTTP/2 stream elsewhere now");
  return stream as Duplex & Pick<ServerHttp2Stream, "session">;
}
