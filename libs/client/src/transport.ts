import { readFileSync } from "node:fs";
import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { Channel, credentials, Metadata, status, type ChannelCredentials, type ChannelOptions } from "@grpc/grpc-js";
import { context, propagation } from "@opentelemetry/api";
import { CountersignError, fromServiceError } from "./countersign-error.ts";
import { checkedToken, checkTimeout } from "./check-arguments.ts";
import { StreamCall } from "./stream-call.ts";
import { unaryCall } from "./unary-call.ts";

/** Where the front door is and who calls. */
export type TransportOptions = {
  /** host:port. */
  readonly address: string;
  /** Bearer token, or a function that is asked before every call (for tokens that are renewed). */
  readonly token: string | (() => string | Promise<string>);
  /** Absent: no TLS to a loopback address, TLS with the system's roots to any other: a token never crosses a network in the clear. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
};

export type CallOptions = {
  /** Give up after this long, 24 days at most; default 30 s for unary calls, none for streams. */
  readonly timeoutMs?: number;
  /** Aborted before the call begins, its reason is thrown and nothing sent; later, the call fails with CANCELLED. */
  readonly signal?: AbortSignal;
  /** W3C trace context of the caller; default: the active one, where the program uses OpenTelemetry. */
  readonly traceparent?: string;
};

/** A stream as its one reader asks for its messages. */
export type MessageStream<Message> = {
  /** The next message; none when it ended well. @throws CountersignError when it ended with anything but OK. */
  next(): Promise<Message | undefined>;
  /** Ends it, and so a `next` that waits, with CANCELLED. */
  close(): void;
  /** The same with DEADLINE_EXCEEDED. */
  expire(): void;
};

/** Sends messages to methods; knows nothing of what they mean. */
export type Transport = {
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethod & { readonly input: I; readonly output: O },
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>>;
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethod & { readonly input: I; readonly output: O },
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): AsyncIterable<MessageShape<O>>;
  /** The same, for whoever takes the first messages elsewhere than the others. */
  open<I extends DescMessage, O extends DescMessage>(
    method: DescMethod & { readonly input: I; readonly output: O },
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<MessageStream<MessageShape<O>>>;
  /** Ends all streams. Unary calls under way are still answered. */
  close(): void;
};

/** For unary calls that say nothing else. */
export const DEFAULT_TIMEOUT_MS = 30_000;

export function createTransport(options: TransportOptions): Transport {
  const channel = new Channel(options.address, channelCredentials(options), channelOptions(options));
  const metadataFor = metadataSource();
  const { token } = options;
  const streams = new Set<StreamCall>();
  let closed = false;
  /** The last before anything is sent. */
  const begin = ({ signal }: CallOptions): void => {
    signal?.throwIfAborted();
    if (closed) throw new CountersignError("FAILED_PRECONDITION", "the client is closed", { reason: "CLIENT_CLOSED", sent: false });
  };
  const open: Transport["open"] = async (method, request, call = {}) => {
    if (call.timeoutMs !== undefined) checkTimeout(call.timeoutMs);
    const deadline = call.timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + call.timeoutMs;
    const bytes = asBuffer(encode(method.input, request));
    const metadata = metadataFor(typeof token === "string" ? token : checkedToken(await token()), call);
    begin(call);
    const messages = new StreamCall(() => streams.delete(messages));
    streams.add(messages);
    messages.start(channel, { path: pathOf(method), request: bytes, metadata, deadline, signal: call.signal });
    return {
      next: async () => {
        const message = await messages.next();
        return message && fromBinary(method.output, message);
      },
      close: () => messages.close(),
      expire: () => messages.expire(),
    };
  };
  return {
    /** @throws CountersignError: here, after the await, so that its stack names who called. */
    unary: async (method, request, call = {}) => {
      const metadata = metadataFor(typeof token === "string" ? token : checkedToken(await token()), call);
      const bytes = asBuffer(encode(method.input, request));
      const deadline = Date.now() + (call.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      const started = { path: pathOf(method), request: bytes, metadata, deadline, signal: call.signal };
      begin(call);
      const ended = await unaryCall(channel, started);
      if (ended.status.code !== status.OK) throw fromServiceError(ended.status, ended.sent);
      if (ended.reply === undefined) throw new Error(`${method.name} ended without a reply`);
      return fromBinary(method.output, ended.reply);
    },
    open,
    stream: async function* (method, request, call) {
      const messages = await open(method, request, call);
      try {
        for (let message = await messages.next(); message !== undefined; message = await messages.next()) yield message;
      } finally {
        messages.close();
      }
    },
    close: () => {
      closed = true;
      for (const each of streams) each.close();
      channel.close();
    },
  };
}

/** As the program's own OpenTelemetry SDK would send it; nothing without one. */
function activeTraceparent(): string | undefined {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** grpc-js copies what it is given, so that one object serves all calls with the same token. */
function metadataSource(): (token: string, call: CallOptions) => Metadata {
  let known: { readonly token: string; readonly metadata: Metadata } | undefined;
  return (token, { traceparent = activeTraceparent() }) => {
    if (known?.token !== token) {
      const metadata = new Metadata();
      metadata.set("authorization", `Bearer ${token}`);
      known = { token, metadata };
    }
    if (traceparent === undefined) return known.metadata;
    const metadata = known.metadata.clone();
    metadata.set("traceparent", traceparent);
    return metadata;
  };
}

/** Whether host:port is on this machine, and can be nothing else. */
export function isLoopback(address: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|localhost|\[::1\]):\d+$/.test(address);
}

function channelCredentials({ address, tls }: TransportOptions): ChannelCredentials {
  if (tls === undefined) return isLoopback(address) ? credentials.createInsecure() : credentials.createSsl();
  const read = (file: string | undefined): Buffer | null => (file === undefined ? null : readFileSync(file));
  return credentials.createSsl(read(tls.caFile), read(tls.keyFile), read(tls.certFile));
}

/** A proxy of the environment would carry what is not encrypted across the network, and to its own loopback. */
function channelOptions({ address }: TransportOptions): ChannelOptions {
  return isLoopback(address) ? { ...CHANNEL_OPTIONS, "grpc.enable_http_proxy": 0 } : CHANNEL_OPTIONS;
}

const CHANNEL_OPTIONS: ChannelOptions = {
  // A connection for each client, also where others of its process call the same address.
  "grpc.use_local_subchannel_pool": 1,
  // Its bookkeeping per call is for a service that nobody serves here.
  "grpc.enable_channelz": 0,
  // We retry by our own rules, with one idempotency key per intended call. What a server that goes away never looked at (REFUSED_STREAM) is all that grpc-js repeats.
  "grpc.service_config_disable_resolution": 1,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2000,
  "grpc.max_receive_message_length": 4 * 1024 * 1024,
  // HTTP/2's own 64 KB hold some 30 replies with an action; the rest would wait for a round trip.
  "grpc-node.flow_control_window": 1024 * 1024,
};

const pathOf = (method: DescMethod): string => `/${method.parent.typeName}/${method.name}`;
const encode = <I extends DescMessage>(schema: I, request: MessageInitShape<I>): Uint8Array => toBinary(schema, create(schema, request));
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
