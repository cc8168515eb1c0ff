import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import type { Logger } from "@countersign/telemetry";
import type { handleServerStreamingCall, handleUnaryCall, MethodDefinition, sendUnaryData } from "@grpc/grpc-js";
import type { Admission } from "./admission.ts";
import { observeCall } from "./observe-call.ts";
import { CallCancelled, type HeldRequest, RpcCall, type StreamSurface, type UnarySurface } from "./rpc-call.ts";
import { toServerError } from "./server-error.ts";
import type { StalledStreams } from "./stalled-streams.ts";

/** Serves a unary method: bytes of the request message in, bytes of the response message out. What it throws becomes the status. */
export type UnaryHandler = (request: Uint8Array, call: RpcCall) => Promise<Uint8Array>;

/**
 * Sends a message of a stream, and resolves when flow control has let it out to the socket, so that a stream holds one; throws CallCancelled when the caller is gone. The `last` one, after which the handler returns or throws, is waited for
 * by nobody, as a unary answer is not: it goes out at once, and a caller who does not read it holds no place.
 */
export type Send = (message: Uint8Array, order?: { readonly last: boolean }) => Promise<void>;

/** Serves a server-streaming method. */
export type StreamHandler = (request: Uint8Array, call: RpcCall, send: Send) => Promise<void>;

/** A stream that is worked for before anybody is waited for: it counts as in flight until its handler parks the call, or it ends. */
export type WorkThenStream = { readonly workThenStream: StreamHandler };

/** A handler for each method of a service, by its local name. */
export type ServiceHandlers<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: Service["method"][Name] extends { methodKind: "unary" }
    ? UnaryHandler
    : StreamHandler | WorkThenStream;
};

/** What every call passes. */
export type CallRules = {
  readonly admission: Admission;
  readonly stalled: Pick<StalledStreams, "answered">;
  readonly maxMessageBytes: number;
  /** How long a stream waits for a caller who does not read. */
  readonly sendMs: number;
  readonly logger: Logger;
  readonly urgencyOf: (method: string) => string;
};

/** So long a message has in any case: that the caller is not known any more is for the handler to say, after it. */
const LAST_MOMENT_MS = 1000;
const NOT_LAST = { last: false };

/** grpc-js sees bytes only, so that malformed protobuf is ours to name and replies can be passed on undecoded. */
export function methodDefinition(method: DescMethod): MethodDefinition<HeldRequest, Uint8Array> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: ({ bytes }) => toBuffer(bytes),
    requestDeserialize: (bytes) => ({ bytes }),
    responseSerialize: toBuffer,
    responseDeserialize: (bytes) => bytes,
  };
}

/** A unary handler as grpc-js calls it. */
export function serveUnary(method: DescMethod, handler: UnaryHandler, rules: CallRules): handleUnaryCall<HeldRequest, Uint8Array> {
  const name = nameOf(method);
  const answer = async (surface: UnarySurface, callback: sendUnaryData<Uint8Array>): Promise<void> => {
    try {
      const reply = await runCall(rules, name, surface, (call) => handler(surface.request.bytes, call));
      callback(null, reply);
    } catch (error) {
      if (!(error instanceof CallCancelled)) callback(toServerError(error, name, rules.logger));
    }
  };
  return (surface, callback) => void answer(surface, callback);
}

/** A server-streaming handler as grpc-js calls it. */
export function serveStream(
  method: DescMethod,
  handler: StreamHandler | WorkThenStream,
  rules: CallRules,
): handleServerStreamingCall<HeldRequest, Uint8Array> {
  const name = nameOf(method);
  const [worksFirst, handle] = typeof handler === "function" ? [false, handler] : [true, handler.workThenStream];
  const answer = async (surface: StreamSurface): Promise<void> => {
    try {
      await runCall(rules, name, surface, async (call) => {
        if (!worksFirst) call.park();
        await handle(surface.request.bytes, call, async (message, { last } = NOT_LAST) => {
          if (last) surface.write(message);
          else await write(surface, call, message, rules.sendMs);
        });
      });
      surface.end();
    } catch (error) {
      // grpc-js sends what is emitted here as the status, after the messages before it.
      if (!(error instanceof CallCancelled)) surface.emit("error", toServerError(error, name, rules.logger));
    }
  };
  return (surface) => void answer(surface);
}

function runCall<Reply>(
  rules: CallRules,
  name: string,
  surface: UnarySurface | StreamSurface,
  work: (call: RpcCall) => Promise<Reply>,
): Promise<Reply> {
  return observeCall(name, surface.metadata, rules.urgencyOf, async (observer) => {
    const call = new RpcCall(name, surface, rules.admission.enter(surface.request.bytes.length), observer);
    try {
      checkSize(surface.request.bytes, rules);
      return await work(call);
    } finally {
      call.end();
      rules.stalled.answered(surface.metadata);
    }
  });
}

/** Waits until the caller takes the message, so that a stream holds one; not for ever, or callers who never read would hold every place that there is. */
async function write(surface: StreamSurface, call: RpcCall, message: Uint8Array, sendMs: number): Promise<void> {
  const { signal } = call;
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => call.abort(notRead()), Math.min(sendMs, Math.max(LAST_MOMENT_MS, call.knownForMs)));
    const settle = (failure?: Error | null): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) reject(signal.reason as Error);
      else if (failure) reject(failure);
      else resolve();
    };
    const onAbort = (): void => settle();
    signal.addEventListener("abort", onAbort);
    surface.write(message, settle);
  });
}

function notRead(): CommandError {
  return new CommandError(
    "DEADLINE_EXCEEDED",
    "TIMEOUT",
    "The caller does not read what is sent; it can go on with a new stream from where it is.",
  );
}

function checkSize(request: Uint8Array, { maxMessageBytes }: CallRules): void {
  if (request.length <= maxMessageBytes) return;
  throw new CommandError(
    "RESOURCE_EXHAUSTED",
    "TOO_LARGE",
    `The request has ${request.length} bytes; at most ${maxMessageBytes} are taken.`,
  );
}

function nameOf(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
