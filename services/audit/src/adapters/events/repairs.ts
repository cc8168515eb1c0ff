import { create } from "@bufbuild/protobuf";
import { encodeEvent } from "@countersign/events";
import type { Actor, EventLog, NewEvent } from "@countersign/event-log";
import { TilesRepairedSchema } from "@countersign/proto/event/v1/ledger_events_pb";
import type { Repair } from "../../sealing/repair-tiles.ts";
import { ledgerStream } from "./epochs.ts";

/** Tiles in one event: some 80 bytes each, and an entry may have 64 KiB. */
const TILES_PER_EVENT = 500;
/** Events in one append. */
const EVENTS_PER_APPEND = 100;

/** Records which tiles were repaired, in the stream of the ledger; nothing where none was. */
export async function recordRepair(
  log: EventLog,
  { epoch, checkpointSize, tiles }: Repair,
  by: { actor: Actor; time: Date },
): Promise<void> {
  const events: NewEvent[] = [];
  for (let at = 0; at < tiles.length; at += TILES_PER_EVENT) {
    const some = tiles.slice(at, at + TILES_PER_EVENT).map(({ index, ...tile }) => ({ ...tile, index: BigInt(index) }));
    const data = create(TilesRepairedSchema, { epoch: BigInt(epoch), checkpointSize: BigInt(checkpointSize), tiles: some });
    events.push(encodeEvent({ type: "TilesRepaired", data }));
  }
  const stream = ledgerStream(log.ledger);
  for (let at = 0; at < events.length; at += EVENTS_PER_APPEND) {
    const expectedVersion = (await log.readStream(stream)).length;
    const outcome = await log.append({ stream, expectedVersion, events: events.slice(at, at + EVENTS_PER_APPEND), ...by });
    if (outcome.outcome !== "appended") throw new Error("somebody else wrote to the stream of the ledger at the same moment: try again");
  }
}
