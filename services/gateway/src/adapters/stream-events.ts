import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { RpcCall, StreamHandler } from "@countersign/grpc-kit";
import type { Authenticated } from "@countersign/identity";
import { ReadEventsRequestSchema } from "@countersign/proto/internal/v1/command_pb";
import type { StreamEventsRequest } from "@countersign/proto/v1/audit_service_pb";
import { admit, commandOf, stillKnown } from "./caller.ts";
import type { HandlerDeps } from "./deps.ts";
import { readStreamEvents } from "./routes.ts";
import { type EventPage, eventPageOf } from "./wire/event-page.ts";

const PAGE_SIZE = 200;
/** The feed only says sooner what this finds out anyway. */
const POLL_MS = 1000;

/** Serves StreamEvents: pages of the log, at the pace at which the caller reads, then what comes as it comes. */
export function streamEvents(deps: HandlerDeps): StreamHandler {
  return async (request, call, send) => {
    const caller = await admit("StreamEvents", call, deps);
    const selection = readStreamEvents(request, caller.principal);
    const watch = selection.follow ? deps.changes.watchEvents(caller.principal.tenant) : undefined;
    let from = Number(selection.fromPosition);
    let left = selection.limit === 0n ? Infinity : Number(selection.limit);
    try {
      for (;;) {
        stillKnown(caller, deps);
        const page = await readPage(deps, caller, call, { fromPosition: BigInt(from), limit: Math.min(left, PAGE_SIZE), selection });
        call.holds(page.bytes);
        for (const message of page.messages) {
          stillKnown(caller, deps);
          await send(message);
        }
        left -= page.messages.length;
        if (left <= 0 || isPast(selection, page.nextPosition)) return;
        const stuck = page.nextPosition <= from;
        from = Math.max(from, page.nextPosition);
        if (!page.atHead && !stuck) continue;
        if (watch === undefined) return;
        call.holds(0);
        await watch.beyond(from, POLL_MS, call.signal);
      }
    } finally {
      watch?.close();
    }
  };
}

async function readPage(
  { commands, config }: HandlerDeps,
  caller: Authenticated,
  call: RpcCall,
  wanted: MessageInitShape<typeof ReadEventsRequestSchema>,
): Promise<EventPage> {
  call.signal.throwIfAborted();
  const command = commandOf(caller, call, toBinary(ReadEventsRequestSchema, create(ReadEventsRequestSchema, wanted)));
  return eventPageOf(await commands.send("audit", "ReadEvents", command, { timeoutMs: call.remainingMs(config.callTimeoutMs) }));
}

function isPast({ endPosition }: StreamEventsRequest, next: number): boolean {
  return endPosition !== 0n && BigInt(next) >= endPosition;
}
