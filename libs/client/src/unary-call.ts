import { status, type Channel } from "@grpc/grpc-js";
import { startCall, type Call, type CallEnd } from "./call.ts";

/** How it ended: `reply` holds the message when the status is OK. */
export type UnaryOutcome = CallEnd & { readonly reply: Buffer | undefined };

/** One unary call. Resolves however it ends. */
export function unaryCall(channel: Channel, call: Call): Promise<UnaryOutcome> {
  return new Promise((resolve) => {
    let reply: Buffer | undefined;
    const started = startCall(channel, call, {
      onMessage: (message) => {
        if (reply !== undefined) started.cancel(status.UNIMPLEMENTED, "Too many responses received");
        reply = message;
        started.read();
      },
      onEnd: (end) => resolve({ ...end, reply }),
    });
  });
}
