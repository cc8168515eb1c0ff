import { create } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { CommandError, type CommandHandler } from "@countersign/bus";
import { eventFilter, knownEvent, Subjects, type EventSelection } from "@countersign/events";
import { corruptionIn, soundPart, type EventReader, type RecordedEvent } from "@countersign/event-log";
import { ReadEventsRequestSchema, ReadEventsResponseSchema, type ReadEventsRequest } from "@countersign/proto/internal/v1/command_pb";
import { toWireEvent } from "../events/wire-event.ts";
import { StreamEventsRequestSchema, type StreamEventsRequest } from "@countersign/proto/v1/audit_service_pb";
import { EXPORT_STREAM } from "./export.ts";
import { OPERATIONS_STREAM } from "./operations-log.ts";
import { invalidField, readPosition, unary } from "./unary.ts";

/** Events looked at per call at most, however few of them match. */
const SCAN = 5000;
const PAGE = 500;
/** Bytes of entries per reply; with their JSON beside them a reply stays below the megabyte that NATS carries. */
const REPLY = 200 * 1024;

type Page = { readonly events: readonly RecordedEvent[]; readonly next: number; readonly atHead: boolean };

/**
 * One page of a tenant's events. `next_position` is just behind the last event that was looked at, whether it matched or not: going on from
 * there neither skips nor repeats, and a call without events still makes way. Where the log is corrupt, a page ends before it, and the next one is the error.
 */
export function readEvents(log: EventReader): CommandHandler {
  const subjects = new Subjects((stream) => log.readStream(stream));
  return unary(ReadEventsRequestSchema, ReadEventsResponseSchema, async (request, caller) => {
    check(request);
    const selection = request.selection ?? create(StreamEventsRequestSchema);
    const from = readPosition("from_position", request.fromPosition);
    const end = selection.endPosition === 0n ? Number.MAX_SAFE_INTEGER : Number(selection.endPosition);
    const matches = eventFilter(toSelection(selection), subjects);
    const wanted = { tenant: caller.tenant, from, end, limit: request.limit, matches };
    const page = selection.streamId === "" ? await scanTenant(log, wanted) : await readStreams(log, selection.streamId, wanted);
    return {
      events: page.events.map((event) => toWireEvent(event, knownEvent(event))),
      nextPosition: BigInt(page.next),
      atHead: page.atHead,
    };
  });
}

function check(request: ReadEventsRequest): void {
  if (request.limit < 1 || request.limit > 1000) throw invalidField("limit", "must be 1 to 1000");
  if ((request.selection?.types.length ?? 0) > 100) throw invalidField("types", "must be at most 100");
  if (!/^[\x21-\x7e]{0,256}$/.test(request.selection?.streamId ?? ""))
    throw invalidField("stream_id", "must be at most 256 printable ASCII characters");
}

function toSelection({ types, actor, startTime, endTime, subjectType, subjectId }: StreamEventsRequest): EventSelection {
  return {
    types,
    actor,
    startTime: startTime && timestampDate(startTime),
    endTime: endTime && timestampDate(endTime),
    subject: subjectType === "" && subjectId === "" ? undefined : { type: subjectType, id: subjectId },
  };
}

type Wanted = {
  readonly tenant: string;
  readonly from: number;
  readonly end: number;
  readonly limit: number;
  readonly matches: ReturnType<typeof eventFilter>;
};

async function scanTenant(log: EventReader, { tenant, from, end, limit, matches }: Wanted): Promise<Page> {
  const page = new ReplyPage(limit);
  let next = from;
  try {
    for (let scanned = 0; scanned < SCAN;) {
      const { events, flaw } = await soundPart(log.readTenant(tenant, { from: next, limit: PAGE }));
      for (const event of events) {
        if (event.position >= end) return { events: page.events, next: end, atHead: true };
        if (page.full) return { events: page.events, next, atHead: false };
        if (await matches(event)) page.add(event);
        next = event.position + 1;
      }
      if (flaw !== undefined && next < end) throw flaw;
      if (events.length < PAGE) return { events: page.events, next, atHead: true };
      scanned += events.length;
    }
  } catch (error) {
    if (next === from || corruptionIn(error) === undefined) throw told(error, next);
  }
  return { events: page.events, next, atHead: false };
}

/** Whoever reads its tenant's log may know where that is corrupt; what is missing would stand at the position asked for or behind it. */
function told(error: unknown, next: number): unknown {
  const flaw = corruptionIn(error);
  if (flaw === undefined) return error;
  const position = String(flaw.position ?? next);
  const where =
    flaw.position === undefined
      ? `an event is missing, or cannot be read, at position ${position} or behind it`
      : `the event at position ${position} is not what was recorded`;
  const message = `The event log is corrupt: ${where}. What was sent before is sound. Trying again does not help; for who runs Countersign: deploy/runbook.md, Corrupt events.`;
  return new CommandError("DATA_LOSS", "LOG_CORRUPT", message, { cause: flaw, metadata: { position } });
}

/** Of a tenant's streams; those of type `ledger` are nobody's. */
const STREAM_TYPES = ["action", "refusal", "policy", "directory", OPERATIONS_STREAM, EXPORT_STREAM];

/** Streams are indexed, and short but for a directory's: read whole, whatever the position. An id names at most one stream of each type. Behind where one is corrupt, none is shown. */
async function readStreams(log: EventReader, id: string, { tenant, from, end, limit, matches }: Wanted): Promise<Page> {
  const streams = await Promise.all(STREAM_TYPES.map((type) => soundPart(log.readStream({ tenant, type, id }))));
  const flaw = streams.find((stream) => stream.flaw !== undefined)?.flaw;
  const sound = Math.min(end, ...streams.map((stream) => (stream.flaw === undefined ? end : (stream.events.at(-1)?.position ?? -1) + 1)));
  const page = new ReplyPage(limit);
  let next = from;
  for (const event of streams.flatMap(({ events }) => events).toSorted((a, b) => a.position - b.position)) {
    if (event.position < from || event.position >= sound || !(await matches(event))) continue;
    if (page.full) return { events: page.events, next, atHead: false };
    page.add(event);
    next = event.position + 1;
  }
  if (flaw !== undefined && sound < end && next === from) throw told(flaw, sound);
  return { events: page.events, next, atHead: sound === end };
}

/** Events up to a number and a size; takes the one that crosses the size, so that every page makes way. */
class ReplyPage {
  readonly events: RecordedEvent[] = [];
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get full(): boolean {
    return this.events.length >= this.#limit || this.#bytes >= REPLY;
  }

  add(event: RecordedEvent): void {
    this.events.push(event);
    this.#bytes += event.entry.byteLength;
  }
}
