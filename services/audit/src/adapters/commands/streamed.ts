import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { StreamHandler } from "@countersign/bus";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import { admitted, asUnavailable, decode } from "./unary.ts";

/** A method from a typed request to many serialized messages, done for somebody. */
export function streamed<Request extends DescMessage>(
  request: Request,
  handle: (request: MessageShape<Request>, signal: AbortSignal, caller: Principal) => AsyncIterable<Uint8Array>,
): StreamHandler {
  return async function* (command, signal) {
    const caller = admitted(command);
    try {
      yield* handle(decode(request, command.request), signal, caller);
    } catch (error) {
      asUnavailable(error);
    }
  };
}
