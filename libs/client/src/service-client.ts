import type {
  DescMessage,
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { checkTimeout } from "./check-arguments.ts";
import { DEFAULT_RETRY, withRetry, type RetryPolicy } from "./retry.ts";
import { DEFAULT_TIMEOUT_MS, type CallOptions, type Transport } from "./transport.ts";

/**
 * A second vote meets another version or another state: after a broken connection its repetition would be refused, although the first one counted. Every other unary method is a read, carries an idempotency key, or changes nothing when it is repeated.
 */
const NOT_REPEATED: ReadonlySet<string> = new Set(["SubmitVote", "BreakGlass", "CloseAfterReview"]);

/** A service's methods as functions: a promise for unary ones, an async iterable for streams. */
export type ServiceClient<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: Service["method"][Name] extends DescMethodUnary<infer Input, infer Output>
    ? (request: MessageInitShape<Input>, options?: CallOptions) => Promise<MessageShape<Output>>
    : Service["method"][Name] extends DescMethodServerStreaming<infer Input, infer Output>
      ? (request: MessageInitShape<Input>, options?: CallOptions) => AsyncIterable<MessageShape<Output>>
      : never;
};

/**
 * Calls a service. Unary calls are repeated while the server is unavailable or asks to come back, where that is safe and within the call's time.
 * Streams are not: whoever reads one knows where to resume.
 */
export function createServiceClient<Service extends DescService>(
  service: Service,
  transport: Transport,
  retry: RetryPolicy = DEFAULT_RETRY,
): ServiceClient<Service> {
  const unary = (method: DescMethod) => {
    const repeat = NOT_REPEATED.has(method.name) ? "unless-done" : "always";
    return async (request: MessageInitShape<DescMessage>, options: CallOptions = {}): Promise<MessageShape<DescMessage>> => {
      const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
      checkTimeout(timeoutMs);
      const deadline = Date.now() + timeoutMs;
      const attempt = () => transport.unary(method, request, { ...options, timeoutMs: deadline - Date.now() });
      return await withRetry(attempt, { policy: retry, deadline, repeat, signal: options.signal });
    };
  };
  const methods = service.methods.map((method) => [
    method.localName,
    method.methodKind === "server_streaming"
      ? (request: MessageInitShape<DescMessage>, options?: CallOptions) => transport.stream(method, request, options)
      : unary(method),
  ]);
  // Built from the same descriptor that the type is computed from.
  return Object.fromEntries(methods) as ServiceClient<Service>;
}
