import { create, toBinary, type DescFile } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { EVENT_SCHEMAS } from "@countersign/events";
import { EntrySchema } from "@countersign/proto/event/v1/entry_pb";

/** A `google.protobuf.FileDescriptorSet` of the entry, of every event, and of all that they use: whoever reads the archive in ten years needs no other source. */
export function eventDescriptors(): Uint8Array {
  const files = new Map<string, DescFile>();
  const add = (file: DescFile): void => {
    if (files.has(file.name)) return;
    for (const dependency of file.dependencies) add(dependency);
    files.set(file.name, file);
  };
  add(EntrySchema.file);
  for (const schema of Object.values(EVENT_SCHEMAS)) add(schema.file);
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...files.values()].map(({ proto }) => proto) }));
}
