import { toJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import type { PatchOperation as PatchMessage } from "@countersign/proto/v1/review_service_pb";
import type { PatchOperation } from "../../usecases/ports.ts";

export function toPatchOperation({ op, path, from, value }: PatchMessage): PatchOperation {
  return { op, path, from, value: value && toJson(ValueSchema, value) };
}
