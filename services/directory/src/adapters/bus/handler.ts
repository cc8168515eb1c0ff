import { create, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { decodeRequest, type CommandHandler } from "@countersign/bus";
import type { Command } from "@countersign/proto/internal/v1/command_pb";
import { storeFailure } from "./failures.ts";

/** A method from typed request to typed response; faults of the log are told as the caller may know them. */
export function handler<Request extends DescMessage, Response extends DescMessage>(
  request: Request,
  response: Response,
  answer: (request: MessageShape<Request>, command: Command) => Promise<MessageInitShape<Response>>,
): CommandHandler {
  return async (command) => {
    try {
      return toBinary(response, create(response, await answer(decodeRequest(request, command.request), command)));
    } catch (error) {
      throw storeFailure(error);
    }
  };
}
