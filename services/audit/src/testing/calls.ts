import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { CommandError, type CommandHandler, type StreamHandler } from "@countersign/bus";
import { CommandSchema, type Command } from "@countersign/proto/internal/v1/command_pb";
import { PrincipalSchema, PrincipalType } from "@countersign/proto/v1/principal_pb";

export type CallerInit = MessageInitShape<typeof PrincipalSchema>;

/** A human of `acme` with every role that sees; `changed` makes it somebody else. */
export const caller = (changed: CallerInit = {}): CallerInit => ({
  tenant: "acme",
  type: PrincipalType.HUMAN,
  issuer: "https://idp.test",
  id: "ann",
  groups: ["dba"],
  roles: ["reviewer", "auditor", "operator"],
  ...changed,
});

/** Calls a handler as the bus does: bytes in, bytes out. */
export async function call<Request extends DescMessage, Response extends DescMessage>(
  handler: CommandHandler,
  [request, response]: readonly [Request, Response],
  body: MessageInitShape<Request>,
  who: CallerInit = caller(),
): Promise<MessageShape<Response>> {
  return fromBinary(response, await handler(command(request, body, who)));
}

/** Everything that a handler streams. */
export async function callStream<Request extends DescMessage, Response extends DescMessage>(
  handler: StreamHandler,
  [request, response]: readonly [Request, Response],
  body: MessageInitShape<Request>,
  who: CallerInit = caller(),
): Promise<readonly MessageShape<Response>[]> {
  const messages: MessageShape<Response>[] = [];
  const { signal } = new AbortController();
  for await (const bytes of handler(command(request, body, who), signal)) messages.push(fromBinary(response, bytes));
  return messages;
}

export function command<Request extends DescMessage>(request: Request, body: MessageInitShape<Request>, who: CallerInit): Command {
  return create(CommandSchema, { caller: create(PrincipalSchema, who), request: toBinary(request, create(request, body)) });
}

/** Code and reason of what a call was refused with. */
export async function refusal(asked: Promise<unknown>): Promise<string> {
  const error = await asked.catch((thrown: unknown) => thrown);
  return error instanceof CommandError ? `${error.code} ${error.reason}` : String(error);
}
