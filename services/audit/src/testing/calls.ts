import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import type { CommandHandler } from "@countersign/bus";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
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
  const bytes = toBinary(request, create(request, body));
  return fromBinary(response, await handler(create(CommandSchema, { caller: create(PrincipalSchema, who), request: bytes })));
}
