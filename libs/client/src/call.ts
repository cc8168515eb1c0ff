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

/**
 * One call with one request, straight on the channel: what grpc-js' `Client` puts above it (interceptors, an event emitter or a stream, a captured stack
 * for an error that mostly does not come) costs a tenth of what a unary call costs its caller, and more of a stream.
 * It is its own listener, and lets go of all that it holds when it ends: Node's http2 keeps what it was given until a full garbage collection.
 */
export abstract class StartedCall {
  private call: ReturnType<Channel["createCall"]> | undefined;
  private channel: Channel | undefined;
  private signal: AbortSignal | undefined;
  private abort: (() => void) | undefined;

  /** Once for each call of `read`, until it ends. */
  abstract onReceiveMessage(message: Buffer): void;

  /** Told once, however the call ends. */
  protected abstract onEnd(end: CallEnd): void;

  start(channel: Channel, { path, request, metadata, deadline, signal }: Call): void {
    const call = channel.createCall(path, deadline, undefined, null, propagate.DEFAULTS);
    this.call = call;
    this.channel = channel;
    call.start(metadata, this);
    call.startRead();
    call.sendMessageWithContext({}, request);
    call.halfClose();
    if (signal !== undefined) this.endWith(signal);
  }

  /** Lets the next message, or the end, come. */
  read(): void {
    this.call?.startRead();
  }

  /** Ends the call with this status; nothing when it has ended. */
  cancel(code: status, details: string): void {
    this.call?.cancelWithStatus(code, details);
  }

  onReceiveMetadata(): void {}

  onReceiveStatus(ended: StatusObject): void {
    const { call, channel, signal, abort } = this;
    if (abort !== undefined) signal?.removeEventListener("abort", abort);
    this.call = this.channel = this.signal = this.abort = undefined;
    // Until it is on a connection, a call names its target for its peer.
    this.onEnd({ status: ended, sent: ended.code === status.OK || call?.getPeer() !== channel?.getTarget() });
  }

  private endWith(signal: AbortSignal): void {
    const abort = (): void => this.cancel(status.CANCELLED, "Cancelled on client");
    if (signal.aborted) return abort();
    this.signal = signal;
    this.abort = abort;
    signal.addEventListener("abort", abort, { once: true });
  }
}
