import { propagate, status, type ChannelInterface, type Metadata, type StatusObject } from "@grpc/grpc-js";

export type UnaryCall = {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly request: Buffer;
  readonly metadata: Metadata;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
};

/** How it ended: `reply` holds the message when the status is OK. */
export type UnaryOutcome = {
  readonly status: StatusObject;
  readonly reply: Uint8Array | undefined;
  /** False when there never was a connection to send it on, so that it cannot have done anything. */
  readonly sent: boolean;
};

/**
 * One unary call, straight on the channel: what grpc-js' `Client` puts above it (interceptors, an event emitter, a captured stack for an error that
 * mostly does not come) costs a tenth of what a call costs its caller. Resolves however the call ends.
 */
export function unaryCall(channel: ChannelInterface, { path, request, metadata, deadline, signal }: UnaryCall): Promise<UnaryOutcome> {
  return new Promise((resolve) => {
    const call = channel.createCall(path, deadline, undefined, null, propagate.DEFAULTS);
    const cancel = (): void => call.cancelWithStatus(status.CANCELLED, "Cancelled on client");
    let reply: Uint8Array | undefined;
    call.start(metadata, {
      onReceiveMetadata: () => {},
      onReceiveMessage: (message: Uint8Array) => {
        if (reply !== undefined) call.cancelWithStatus(status.UNIMPLEMENTED, "Too many responses received");
        reply = message;
      },
      onReceiveStatus: (ended) => {
        signal?.removeEventListener("abort", cancel);
        // Until it is on a connection, a call names its target for its peer.
        resolve({ status: ended, reply, sent: call.getPeer() !== channel.getTarget() });
      },
    });
    call.startRead();
    call.sendMessageWithContext({}, request);
    call.halfClose();
    if (signal?.aborted === true) cancel();
    else signal?.addEventListener("abort", cancel, { once: true });
  });
}
