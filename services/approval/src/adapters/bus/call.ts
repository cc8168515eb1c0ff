import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { CommandError, decodeRequest, type CommandHandler } from "@countersign/bus";
import { EventLogError } from "@countersign/event-log";
import { UnknownEventError } from "@countersign/events";
import { isTraceparent } from "@countersign/telemetry";
import { InvalidInputError } from "../../usecases/content.ts";
import type { Caller } from "../../usecases/ports.ts";
import { UnreadableEventError } from "../log/from-event-message.ts";
import { oncePer } from "../wire/once-per.ts";
import { fromPrincipalMessage } from "../wire/principal-message.ts";
import { failure, fieldViolation } from "./failures.ts";

/** Within a process all calls with one token bring the same object. */
const principalOf = oncePer(fromPrincipalMessage);

/** A handler over bytes from one over messages and a verified caller. */
export function call<Request extends DescMessage>(
  schema: Request,
  answer: (request: MessageShape<Request>, caller: Caller) => Promise<Uint8Array>,
): CommandHandler {
  return async (command) => {
    const principal = command.caller && principalOf(command.caller);
    if (principal === undefined || principal.tenant === "" || principal.issuer === "" || principal.id === "") {
      throw new CommandError("UNAUTHENTICATED", "TOKEN_INVALID", "The caller is not a principal of a known type.");
    }
    const traceparent = isTraceparent(command.traceparent) ? command.traceparent : "";
    const request = decodeRequest(schema, command.request);
    try {
      return await answer(request, { principal, traceparent, knownVersion: Number(command.knownVersion) });
    } catch (error) {
      throw translated(error);
    }
  };
}

function translated(error: unknown): unknown {
  if (error instanceof UnknownEventError || error instanceof UnreadableEventError) return failure("UNKNOWN_EVENT", error);
  if (error instanceof InvalidInputError) return fieldViolation(error.field, error.message);
  // What is corrupt is told by the bus, in one way for all services.
  if (!(error instanceof EventLogError) || error.code === "corrupt") return error;
  if (error.code === "invalid")
    return new CommandError("INVALID_ARGUMENT", "TOO_LARGE", `The request cannot be recorded as it is: ${error.message}.`, {
      cause: error,
    });
  if (error.code === "too_late")
    return new CommandError("DEADLINE_EXCEEDED", "TIMEOUT", "Its turn came after the caller's deadline; nothing was recorded.");
  return failure("LOG_UNREACHABLE", error);
}
