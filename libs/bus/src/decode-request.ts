import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { CommandError } from "./commands.ts";
import { decoded } from "./messages.ts";

/** The request of a command, shared as `decoded` says. @throws CommandError `MALFORMED` when the bytes are no such message. */
export function decodeRequest<Request extends DescMessage>(schema: Request, bytes: Uint8Array): MessageShape<Request> {
  try {
    return decoded(schema, bytes);
  } catch (cause) {
    throw new CommandError("INVALID_ARGUMENT", "MALFORMED", `The request is not a well-formed ${schema.typeName}.`, { cause });
  }
}
