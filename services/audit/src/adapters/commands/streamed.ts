import { create, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { decodeRequest, type StreamHandler } from "@countersign/bus";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import { asRefusal } from "./refusals.ts";
import { admitted } from "./unary.ts";

/** A method from a typed request to many typed responses, done for somebody. */
export function streamed<Request extends DescMessage, Response extends DescMessage>(
  request: Request,
  response: Response,
  handle: (request: MessageShape<Request>, signal: AbortSignal, caller: Principal) => AsyncIterable<MessageInitShape<Response>>,
): StreamHandler {
  return async function* (command, signal) {
    const caller = admitted(command);
    try {
      for await (const message of handle(decodeRequest(request, command.request), signal, caller))
        yield toBinary(response, create(response, message));
    } catch (error) {
      throw asRefusal(error);
    }
  };
}

/** What a generator yields, and at last what it returns, for a loop whose early end is the generator's own: it may hold a session of the database. */
export async function* withResult<Piece extends object, Result>(
  source: AsyncGenerator<Piece, Result>,
): AsyncGenerator<Piece | { readonly result: Result }> {
  yield { result: yield* source };
}
