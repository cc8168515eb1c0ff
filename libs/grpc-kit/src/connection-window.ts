import type { ServerInterceptor } from "@grpc/grpc-js";
import { streamOf } from "./http2-stream.ts";

/** HTTP/2's own 64 KB let the headers of a crowd in and keep their bodies out, which then look stalled. grpc-js reads whatever comes: nothing more is held by it. */
const WINDOW_BYTES = 1024 * 1024;

/** Widens the window of each connection at its first call, before `next` sees it. grpc-js has an option for this at the client only. */
export function onWideConnections(next: ServerInterceptor): ServerInterceptor {
  const wide = new WeakSet<object>();
  return (method, call) => {
    const { session } = streamOf(call);
    if (session !== undefined && !wide.has(session)) {
      wide.add(session);
      session.setLocalWindowSize(WINDOW_BYTES);
    }
    return next(method, call);
  };
}
