import type { Readable, Writable } from "node:stream";
import { create, type DescFile, type DescService, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "@countersign/proto/grpc/reflection/v1/reflection_pb";
import { type handleBidiStreamingCall, status } from "@grpc/grpc-js";

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]>;

/** Both names are in use among clients; their messages are the same on the wire. */
export const REFLECTION_PATHS = [
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
] as const;

/** Answers reflection questions about these services, so that `buf curl` and `grpcurl` need no proto files. */
export function serveReflection(services: readonly DescService[]): handleBidiStreamingCall<Uint8Array, Uint8Array> {
  const index = indexOf(services);
  return (call) => {
    answerEach(call, (bytes) => {
      const question = fromBinary(ServerReflectionRequestSchema, bytes);
      const reply = { validHost: question.host, originalRequest: question, messageResponse: answer(question, index) };
      return toBinary(ServerReflectionResponseSchema, create(ServerReflectionResponseSchema, reply));
    });
  };
}

/** One reply for each question, as fast as they are read: anybody may ask, and a reply is a thousand times as long as its question. */
export function answerEach(call: Readable & Writable, reply: (question: Uint8Array) => Uint8Array): void {
  call.on("data", (bytes: Uint8Array) => {
    try {
      if (call.write(reply(bytes))) return;
      call.pause();
      call.once("drain", () => call.resume());
    } catch {
      call.emit("error", { code: status.INVALID_ARGUMENT, details: "The request is not a well-formed ServerReflectionRequest." });
    }
  });
  call.on("end", () => call.end());
}

type Index = {
  readonly services: readonly string[];
  readonly byName: ReadonlyMap<string, Encoded>;
  readonly bySymbol: ReadonlyMap<string, Encoded>;
};

/** A file and all that it imports, made once: nobody has to say who it is to ask for them. */
type Encoded = readonly Uint8Array[];

function answer({ messageRequest }: ServerReflectionRequest, index: Index): Answer {
  switch (messageRequest.case) {
    case "listServices":
      return { case: "listServicesResponse", value: { service: index.services.map((name) => ({ name })) } };
    case "fileByFilename":
      return filesOf(index.byName.get(messageRequest.value));
    case "fileContainingSymbol":
      return filesOf(index.bySymbol.get(messageRequest.value));
    case "allExtensionNumbersOfType":
      if (!index.bySymbol.has(messageRequest.value)) return notFound();
      return { case: "allExtensionNumbersResponse", value: { baseTypeName: messageRequest.value } };
    case "fileContainingExtension":
    case undefined:
      return notFound();
  }
}

function filesOf(files: Encoded | undefined): Answer {
  if (files === undefined) return notFound();
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: [...files] } };
}

function notFound(): Answer {
  return { case: "errorResponse", value: { errorCode: status.NOT_FOUND, errorMessage: "There is no such thing here." } };
}

function indexOf(services: readonly DescService[]): Index {
  const files = new Set<DescFile>();
  for (const service of services) withImports(service.file, files);
  const bytes = new Map([...files].map((file) => [file, toBinary(FileDescriptorProtoSchema, file.proto)]));
  const byName = new Map<string, Encoded>();
  const bySymbol = new Map<string, Encoded>();
  for (const file of files) {
    const encoded = [...withImports(file, new Set())].flatMap((each) => bytes.get(each) ?? []);
    byName.set(file.proto.name, encoded);
    for (const type of nestedTypes(file)) {
      bySymbol.set(type.typeName, encoded);
      if (type.kind === "service") for (const method of type.methods) bySymbol.set(`${type.typeName}.${method.name}`, encoded);
    }
  }
  return { services: services.map((service) => service.typeName), byName, bySymbol };
}

/** The file first, then what it imports. */
function withImports(file: DescFile, seen: Set<DescFile>): Set<DescFile> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const imported of file.dependencies) withImports(imported, seen);
  return seen;
}
