import type { DescMethodServerStreaming, DescMethodUnary, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { DEFAULT_RETRY, withRetry, type RetryPolicy } from "./retry.ts";
import type { CallOptions, Transport } from "./transport.ts";

/** A service's methods as functions: a promise for unary ones, an async iterable for streams. */
export type ServiceClient<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: Service["method"][Name] extends DescMethodUnary<infer Input, infer Output>
    ? (request: MessageInitShape<Input>, options?: CallOptions) => Promise<MessageShape<Output>>
    : Service["method"][Name] extends DescMethodServerStreaming<infer Input, infer Output>
      ? (request: MessageInitShape<Input>, options?: CallOptions) => AsyncIterable<MessageShape<Output>>
      : never;
};

/**
 * Calls a service. Unary calls are repeated while the server is unavailable or asks to come back: every unary method of ours is a read, carries an
 * idempotency key, or changes nothing when it is repeated. Streams are not: whoever reads one knows where to resume.
 */
export function createServiceClient<Service extends DescService>(
  service: Service,
  transport: Transport,
  retry: RetryPolicy = DEFAULT_RETRY,
): ServiceClient<Service> {
  const methods = service.methods.map((method) => [
    method.localName,
    method.methodKind === "server_streaming"
      ? (request: MessageInitShape<typeof method.input>, options?: CallOptions) => transport.stream(method, request, options)
      : (request: MessageInitShape<typeof method.input>, options?: CallOptions) =>
          withRetry(() => transport.unary(method, request, options), retry, options?.signal),
  ]);
  // Built from the same descriptor that the type is computed from.
  return Object.fromEntries(methods) as ServiceClient<Service>;
}
