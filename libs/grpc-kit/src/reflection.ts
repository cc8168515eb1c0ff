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
    call.on("data", (bytes: Uint8Array) => {
      try {
        const question = fromBinary(ServerReflectionRequestSchema, bytes);
        const reply = { validHost: question.host, originalRequest: question, messageResponse: answer(question, index) };
        call.write(toBinary(ServerReflectionResponseSchema, create(ServerReflectionResponseSchema, reply)));
      } catch {
        call.emit("error", { code: status.INVALID_ARGUMENT, details: "The request is not a well-formed ServerReflectionRequest." });
      }
    });
    call.on("end", () => call.end());
  };
}

type Index = {
  readonly services: readonly string[];
  readonly byName: ReadonlyMap<string, DescFile>;
  readonly bySymbol: ReadonlyMap<string, DescFile>;
};

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

function filesOf(file: DescFile | undefined): Answer {
  if (file === undefined) return notFound();
  const files = [...withImports(file, new Set())].map((each) => toBinary(FileDescriptorProtoSchema, each.proto));
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: files } };
}

function notFound(): Answer {
  return { case: "errorResponse", value: { errorCode: status.NOT_FOUND, errorMessage: "There is no such thing here." } };
}

function indexOf(services: readonly DescService[]): Index {
  const files = new Set<DescFile>();
  for (const service of services) withImports(service.file, files);
  const bySymbol = new Map<string, DescFile>();
  for (const file of files) {
    for (const type of nestedTypes(file)) {
      bySymbol.set(type.typeName, file);
      if (type.kind === "service") for (const method of type.methods) bySymbol.set(`${type.typeName}.${method.name}`, file);
    }
  }
  const byName = new Map([...files].map((file) => [file.proto.name, file]));
  return { services: services.map((service) => service.typeName), byName, bySymbol };
}

/** The file first, then what it imports. */
function withImports(file: DescFile, seen: Set<DescFile>): Set<DescFile> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const imported of file.dependencies) withImports(imported, seen);
  return seen;
}
