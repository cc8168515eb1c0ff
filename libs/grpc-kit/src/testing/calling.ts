import { create, fromBinary, toBinary, type DescService } from "@bufbuild/protobuf";
import {
  HealthCheckRequestSchema,
  type HealthCheckResponse_ServingStatus as Serving,
  HealthCheckResponseSchema,
} from "@countersign/proto/grpc/health/v1/health_pb";
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "@countersign/proto/grpc/reflection/v1/reflection_pb";
import { Metadata, status, type Client, type ServiceError } from "@grpc/grpc-js";
import { expect, vi } from "vitest";
import type { ServiceHandlers, StreamHandler, UnaryHandler } from "../handlers.ts";
import type { RpcCall } from "../rpc-call.ts";

export const GET_POLICY = "/countersign.v1.PolicyService/GetPolicy";
export const STREAM_EVENTS = "/countersign.v1.AuditService/StreamEvents";
const identity = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

/** A handler for every method there is: unary ones answer with an empty message, streams end at once. */
export function silent<Service extends DescService>(service: Service): ServiceHandlers<Service> {
  const nothing: UnaryHandler = async () => new Uint8Array();
  const end: StreamHandler = async () => {};
  const handlers = service.methods.map((method) => [method.localName, method.methodKind === "unary" ? nothing : end]);
  return Object.fromEntries(handlers) as ServiceHandlers<Service>;
}

/** The status that a call failed with, or `ok`. */
export const failure = (work: Promise<unknown>) =>
  work.then(
    () => "ok",
    (error: ServiceError) => status[error.code],
  );
/** Waits until something holds that nobody tells a test of. */
export const until = (condition: () => boolean) => vi.waitFor(() => expect(condition()).toBe(true), { timeout: 20_000, interval: 2 });
/** What a handler waits for that never answers by itself. */
export const hungUp = ({ signal }: RpcCall) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));

/** What a client asks of a server, bytes in and out. */
export function calling(client: () => Client) {
  const call = (path: string, request: Uint8Array, options: { deadline?: number; metadata?: Metadata } = {}) =>
    new Promise<Uint8Array>((resolve, reject) => {
      client().makeUnaryRequest(
        path,
        identity,
        identity,
        request,
        options.metadata ?? new Metadata(),
        { deadline: options.deadline ?? Infinity },
        (error, reply) => (error === null ? resolve(reply ?? new Uint8Array()) : reject(error)),
      );
    });

  const open = (request = new Uint8Array()) => {
    const messages: number[] = [];
    const reading = client().makeServerStreamRequest(STREAM_EVENTS, identity, identity, request);
    reading.on("data", (message: Uint8Array) => messages.push(message.length));
    const ended = new Promise<string>((resolve) => {
      reading.on("error", (error: ServiceError) => resolve(status[error.code] ?? ""));
      reading.on("end", () => resolve("OK"));
    });
    return { reading, messages, ended };
  };

  const health = async (service: string) => {
    const request = toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service }));
    return fromBinary(HealthCheckResponseSchema, await call("/grpc.health.v1.Health/Check", request)).status;
  };

  const watchHealth = (service: string) => {
    const seen: Serving[] = [];
    const request = toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service }));
    const watching = client().makeServerStreamRequest("/grpc.health.v1.Health/Watch", identity, identity, request);
    watching.on("data", (bytes: Uint8Array) => seen.push(fromBinary(HealthCheckResponseSchema, bytes).status));
    const ended = new Promise<void>((resolve) => watching.on("error", () => resolve()));
    return { seen, ended };
  };

  return { call, open, health, watchHealth };
}

/** What reflection answers to these questions, asked in one stream. */
export async function reflected(
  client: Client,
  version: string,
  questions: readonly ServerReflectionRequest["messageRequest"][],
): Promise<readonly string[]> {
  const asking = client.makeBidiStreamRequest(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`, identity, identity);
  const answers: string[] = [];
  const ended = new Promise<void>((resolve) => asking.on("end", resolve));
  asking.on("data", (bytes: Uint8Array) => {
    const { messageResponse } = fromBinary(ServerReflectionResponseSchema, bytes);
    answers.push(
      messageResponse.case === "listServicesResponse"
        ? messageResponse.value.service.map(({ name }) => name).join(" ")
        : `${messageResponse.case} ${messageResponse.case === "fileDescriptorResponse" ? (messageResponse.value.fileDescriptorProto.length > 1 ? "with imports" : "alone") : ""}`,
    );
  });
  for (const messageRequest of questions) {
    asking.write(toBinary(ServerReflectionRequestSchema, create(ServerReflectionRequestSchema, { messageRequest })));
  }
  asking.end();
  await ended;
  return answers;
}
