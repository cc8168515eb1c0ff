import { create, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { CommandError, decodeRequest, type CommandHandler } from "@countersign/bus";
import type { Command } from "@countersign/proto/internal/v1/command_pb";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import { asRefusal } from "./refusals.ts";

/** A method from typed request to typed response. Everything here is done for somebody, so a command without a caller is refused. */
export function unary<Request extends DescMessage, Response extends DescMessage>(
  request: Request,
  response: Response,
  handle: (request: MessageShape<Request>, caller: Principal) => Promise<MessageInitShape<Response>>,
): CommandHandler {
  return async (command) => {
    const answer = await handle(decodeRequest(request, command.request), admitted(command)).catch((error: unknown) => {
      throw asRefusal(error);
    });
    return toBinary(response, create(response, answer));
  };
}

export function admitted({ caller }: Command): Principal {
  if (caller === undefined || caller.tenant === "") throw new CommandError("UNAUTHENTICATED", "TOKEN_MISSING", "this needs a caller");
  return caller;
}

export function invalidField(field: string, description: string): CommandError {
  return new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", `${field} ${description}`, { violations: [{ field, description }] });
}

export function checkUuid(field: string, text: string): void {
  if (!UUID.test(text)) throw invalidField(field, "must be a UUID");
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function readPosition(field: string, position: bigint): number {
  if (position > BigInt(Number.MAX_SAFE_INTEGER)) throw invalidField(field, "must be below 2^53");
  return Number(position);
}

export function pageSize(asked: number): number {
  if (asked < 0 || asked > 200) throw invalidField("page_size", "must be 1 to 200, or 0 for 50");
  return asked === 0 ? 50 : asked;
}

export function badPageToken(): CommandError {
  return invalidField("page_token", "must be the one from the last reply, with the same filter");
}
