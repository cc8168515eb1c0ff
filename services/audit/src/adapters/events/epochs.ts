import { create } from "@bufbuild/protobuf";
import { decodeEvent, encodeEvent } from "@countersign/events";
import type { Actor, EventLog } from "@countersign/event-log";
import { EpochStartedSchema } from "@countersign/proto/event/v1/ledger_events_pb";
import type { EpochHistory, NewEpoch } from "../../sealing/ports.ts";

/** What concerns a whole ledger is recorded under a tenant that no token can name. */
const LEDGER_TENANT = "_ledger";

/** Where it is recorded. */
export const ledgerStream = (ledger: string) => ({ tenant: LEDGER_TENANT, type: "ledger", id: ledger });

/** The epochs as the log records them: a stream of type `ledger` with an event for each but the first. */
export function epochHistory(log: EventLog): EpochHistory & {
  /** Records an epoch's beginning and returns the position. @throws Error when somebody else began one at the same moment. */
  record(epoch: NewEpoch, by: { readonly actor: Actor; readonly time: Date }): Promise<number>;
} {
  const stream = ledgerStream(log.ledger);
  const events = () => log.readStream(stream);
  return {
    newest: async () => {
      const last = (await events()).findLast(({ type }) => type === "EpochStarted");
      if (last === undefined) return { epoch: 1, firstSize: 1 };
      const event = decodeEvent(last);
      if (event.type !== "EpochStarted") throw new Error("an event of another type than its name says");
      return { epoch: Number(event.data.epoch), firstSize: last.position + 1 };
    },
    record: async ({ epoch, refusedPosition, witnessedCheckpoints, ...said }, { actor, time }) => {
      const data = create(EpochStartedSchema, {
        ...said,
        epoch: BigInt(epoch),
        refusedPosition: BigInt(refusedPosition),
        witnessedCheckpoints: [...witnessedCheckpoints],
      });
      const expectedVersion = (await events()).length;
      const outcome = await log.append({ stream, expectedVersion, events: [encodeEvent({ type: "EpochStarted", data })], actor, time });
      const [recorded] = outcome.outcome === "appended" ? outcome.events : [];
      if (recorded === undefined) throw new Error("another operator began an epoch at the same moment");
      return recorded.position;
    },
  };
}
