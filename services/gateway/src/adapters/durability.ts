import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import type { RpcCall } from "@countersign/grpc-kit";
import type { Authenticated } from "@countersign/identity";
import { AwaitSealRequestSchema, AwaitSealResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import { Durability } from "@countersign/proto/v1/durability_pb";
import { commandOf } from "./caller.ts";
import type { HandlerDeps } from "./deps.ts";
import type { Recorded } from "./wire/recorded.ts";

/** Kept back from the caller's deadline, so that the refusal still reaches it. */
const ANSWER_MS = 200;
/** Sealing takes about half a second, witnesses two: who waits longer waits in vain. */
const MAX_WAIT_MS = 30_000;

/** How firm the record must be before the answer goes out; none for methods that record nothing. @throws CommandError for a value that is not known. */
export function durabilityOf(request: unknown): Durability {
  const value = typeof request === "object" && request !== null && "durability" in request ? Number(request.durability) : 0;
  const known = LEVELS.find((level) => level === value);
  if (known !== undefined) return known;
  const description = "must be DURABILITY_RECORDED, DURABILITY_SEALED or DURABILITY_WITNESSED";
  throw new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", `durability ${description}`, {
    violations: [{ field: "durability", description }],
  });
}

const LEVELS = [Durability.UNSPECIFIED, Durability.RECORDED, Durability.SEALED, Durability.WITNESSED] as const;

/** What a service answered, and how firm what it recorded must be before that goes out. */
type Answer = { readonly reply: Uint8Array; readonly durability: Durability; readonly recordedIn: (reply: Uint8Array) => Recorded };

/**
 * The reply, once the version of the action that `recordedIn` finds in it is as firm as asked for. Otherwise the caller hears that it is not, fails closed, and
 * can go on from what the error says: what was recorded stays recorded.
 */
export async function onceFirm(
  deps: HandlerDeps,
  caller: Authenticated,
  call: RpcCall,
  { reply, durability, recordedIn }: Answer,
): Promise<Uint8Array> {
  if (durability <= Durability.RECORDED) return reply;
  const recorded = recordedIn(reply);
  const timeoutMs = Math.max(0, Math.min(call.remainingMs(deps.config.callTimeoutMs) - ANSWER_MS, MAX_WAIT_MS));
  park(call, recorded, durability);
  const question = create(AwaitSealRequestSchema, {
    actionId: recorded.id,
    version: BigInt(recorded.version),
    witnessed: durability === Durability.WITNESSED,
    timeoutMs: Math.floor(timeoutMs),
  });
  const command = commandOf(caller, call, toBinary(AwaitSealRequestSchema, question));
  const answer = await deps.commands
    .send("audit", "AwaitSeal", command, { timeoutMs: timeoutMs + ANSWER_MS / 2 })
    .catch((cause: unknown) => {
      throw notFirm(recorded, durability, cause);
    });
  if (fromBinary(AwaitSealResponseSchema, answer).sealed) return reply;
  throw notFirm(recorded, durability);
}

/** No room to wait is no reason to believe that nothing was recorded. */
function park(call: RpcCall, recorded: Recorded, durability: Durability): void {
  try {
    call.park();
  } catch (cause) {
    // Another instance waits in its place: the call is repeated there.
    if (cause instanceof CommandError && cause.reason === "SHUTTING_DOWN") throw cause;
    throw notFirm(recorded, durability, cause);
  }
}

function notFirm({ id, version }: Recorded, durability: Durability, cause?: unknown): CommandError {
  const firm = durability === Durability.WITNESSED ? "witnessed" : "sealed";
  return new CommandError(
    "DEADLINE_EXCEEDED",
    "NOT_SEALED",
    `It is recorded, as version ${version} of action ${id}, but not ${firm} in time. Ask for the action later, or repeat the call with its key.`,
    { metadata: { recorded: "true", action_id: id, version: String(version) }, cause },
  );
}
