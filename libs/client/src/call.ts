import { propagate, status, type Channel, type Metadata, type StatusObject } from "@grpc/grpc-js";

export type Call = {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly request: Buffer;
  readonly metadata: Metadata;
  /** Milliseconds since 1970; Infinity for none. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
};

/** How a call ended. */
export type CallEnd = {
  readonly status: StatusObject;
  /** False when there never was a connection to send it on, so that it cannot have done anything. */
  readonly sent: boolean;
};

/** Told of what comes back: a message after each `read`, and once of the end, however the call ends. */
export type CallListener = { onMessage(message: Buffer): void; onEnd(end: CallEnd): void };

/** A call under way. */
export type StartedCall = {
  /** Lets the next message, or the end, come. */
  read(): void;
  /** Ends the call with this status; nothing when it has ended. */
  cancel(code: status, details: string): void;
};

/**
 * One call with one request, straight on the channel: what grpc-js' `Client` puts above it (interceptors, an event emitter or a stream, a captured stack
 * for an error that mostly does not come) costs a tenth of what a unary call costs its caller, and more of a stream.
 */
export function startCall(
  channel: Channel,
  { path, request, metadata, deadline, signal }: Call,
  { onMessage, onEnd }: CallListener,
): StartedCall {
  const call = channel.createCall(path, deadline, undefined, null, propagate.DEFAULTS);
  const cancel = (): void => call.cancelWithStatus(status.CANCELLED, "Cancelled on client");
  call.start(metadata, {
    onReceiveMetadata: () => {},
    onReceiveMessage: onMessage,
    onReceiveStatus: (ended) => {
      signal?.removeEventListener("abort", cancel);
      // Until it is on a connection, a call names its target for its peer.
      onEnd({ status: ended, sent: call.getPeer() !== channel.getTarget() });
    },
  });
  call.startRead();
  call.sendMessageWithContext({}, request);
  call.halfClose();
  if (signal?.aborted === true) cancel();
  else signal?.addEventListener("abort", cancel, { once: true });
  return { read: () => call.startRead(), cancel: (code, details) => call.cancelWithStatus(code, details) };
}
