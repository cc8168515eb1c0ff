import { create } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import { contentDigest, newSalt } from "@countersign/digest";
import { encodeEvent, type DecodedEvent } from "@countersign/events";
import type { Content, EventLog, NewEvent } from "@countersign/event-log";
import { ContentRefSchema } from "@countersign/proto/event/v1/action_events_pb";
import { DeadLetterDiscardedSchema, DeadLettersReplayedSchema } from "@countersign/proto/event/v1/operations_events_pb";
import type { Principal } from "@countersign/proto/v1/principal_pb";

/** The stream type that only this service appends to: what operators did to the system itself. A stream per tenant and consumer. */
export const OPERATIONS_STREAM = "operations";

/** A position takes three bytes or so, and an entry holds 64 KiB. */
const POSITIONS_PER_EVENT = 5000;
const ATTEMPTS = 5;

export type OperationsLog = {
  replayed(caller: Principal, consumer: string, positions: readonly number[]): Promise<number>;
  discarded(caller: Principal, consumer: string, position: number, reason: string): Promise<number>;
};

/** Records what operators do. Both return the position at which it stands. */
export function operationsLog(log: EventLog, clock: () => Date): OperationsLog {
  const append = async (
    caller: Principal,
    consumer: string,
    events: readonly DecodedEvent[],
    contents: readonly Content[],
  ): Promise<number> => {
    const stream = { tenant: caller.tenant, type: OPERATIONS_STREAM, id: consumer };
    const recorded: readonly NewEvent[] = events.map((event) => encodeEvent(event));
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const expectedVersion = (await log.readStream(stream)).length;
      const actor = { issuer: caller.issuer, id: caller.id };
      const outcome = await log.append({ stream, expectedVersion, events: recorded, contents, actor, time: clock() });
      if (outcome.outcome === "appended") return outcome.events.at(-1)?.position ?? 0;
    }
    throw new CommandError("ABORTED", "LOST_RACE", "others work on the same dead letters now; try again");
  };
  return {
    replayed: (caller, consumer, positions) => {
      const events = Array.from({ length: Math.ceil(positions.length / POSITIONS_PER_EVENT) }, (_, index): DecodedEvent => {
        const some = positions.slice(index * POSITIONS_PER_EVENT, (index + 1) * POSITIONS_PER_EVENT).map(BigInt);
        return { type: "DeadLettersReplayed", data: create(DeadLettersReplayedSchema, { consumer, positions: some }) };
      });
      return append(caller, consumer, events, []);
    },
    discarded: (caller, consumer, position, reason) => {
      const salt = newSalt();
      const body = Buffer.from(reason);
      const digest = contentDigest(salt, body);
      const data = create(DeadLetterDiscardedSchema, {
        consumer,
        position: BigInt(position),
        reason: create(ContentRefSchema, { digest }),
      });
      return append(caller, consumer, [{ type: "DeadLetterDiscarded", data }], [{ digest, salt, body }]);
    },
  };
}
