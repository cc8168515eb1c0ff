import { CommandError, type CommandHandler } from "@countersign/bus";
import { knownEvent } from "@countersign/events";
import { until, type EventReader, type RecordedEvent } from "@countersign/event-log";
import { GetTimelineRequestSchema, GetTimelineResponseSchema } from "@countersign/proto/v1/audit_service_pb";
import { describeEvent } from "../events/describe.ts";
import { plainText } from "../events/plain-text.ts";
import { toWireEvent } from "../events/wire-event.ts";
import { wordsOf } from "../events/words.ts";
import { readAt } from "./moment.ts";
import { checkUuid, unary } from "./unary.ts";
import { onlyOwn, requesterOf } from "./viewer.ts";

/** One action's events from the log itself, and what was refused on it, each with a line for people. What the caller may not see does not exist. */
export function getTimeline(log: EventReader): CommandHandler {
  return unary(GetTimelineRequestSchema, GetTimelineResponseSchema, async (request, caller) => {
    checkUuid("action_id", request.actionId);
    const stream = { tenant: caller.tenant, type: "action", id: request.actionId };
    const moment = request.at && readAt(request.at);
    const then = (all: readonly RecordedEvent[]): readonly RecordedEvent[] => (moment === undefined ? all : until(all, moment));
    const [recorded, refused] = await Promise.all([log.readStream(stream), log.readStream({ ...stream, type: "refusal" })]);
    const shown = [...then(recorded), ...then(refused)].toSorted((one, other) => one.position - other.position);
    const events = shown.map((event) => ({ event, decoded: knownEvent(event) }));
    const own = onlyOwn(caller);
    if (events.length === 0 || (own !== undefined && own !== requesterOf(events[0]?.decoded))) {
      throw new CommandError("NOT_FOUND", "NOT_FOUND", "no such action");
    }
    const contents = await log.readContents(stream);
    return {
      entries: events.map(({ event, decoded }) => ({
        event: toWireEvent(event, decoded),
        text:
          decoded === undefined
            ? `${plainText(event.type)} (recorded by a newer version)`
            : describeEvent(decoded, (ref) => wordsOf(contents, ref.digest)),
      })),
    };
  });
}
