import { Metadata, ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import { type Call, streamOf } from "./http2-stream.ts";

const PLAIN = "identity";
const REFUSAL =
  "Compressed messages are not taken: turn compression off in the client (no UseCompressor, withCompression or compression=Gzip).";

/**
 * Refuses calls with compressed messages, before anything of them is unpacked. grpc-js unpacks all that is in a call at once, before anybody knows whose it is: a kilobyte becomes
 * a megabyte, so that 1.5 MB cost a process 1.8 GB. Requests are small.
 */
export function onPlainRequests(next: ServerInterceptor): ServerInterceptor {
  return (method, call) => {
    if (encodingOf(call) === PLAIN) return next(method, call);
    const metadata = new Metadata();
    metadata.set("grpc-accept-encoding", PLAIN);
    call.sendStatus({ code: status.UNIMPLEMENTED, details: REFUSAL, metadata });
    streamOf(call).destroy();
    return new ServerInterceptingCall(call);
  };
}

/** What the caller says that its messages are packed with. */
function encodingOf(call: Call): string {
  const encoding: unknown = Reflect.get(call, "incomingEncoding");
  if (typeof encoding !== "string") throw new Error("grpc-js keeps a call's encoding elsewhere now");
  return encoding;
}
