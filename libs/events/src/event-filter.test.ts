import { create } from "@bufbuild/protobuf";
import { ActionRequestedSchema } from "@countersign/proto/event/v1/action_events_pb";
import { describe, expect, it } from "vitest";
import { eventFilter, Subjects, type EventSelection, type FilteredEvent } from "./event-filter.ts";
import { encodeEvent } from "./registry.ts";

const stream = { tenant: "acme", type: "action", id: "1" };
const requested = encodeEvent({
  type: "ActionRequested",
  data: create(ActionRequestedSchema, { subjectType: "agent", subjectId: "exporter" }),
});
const first: FilteredEvent = { ...requested, stream, streamVersion: 1, time: new Date(1000), actor: { issuer: "i", id: "ann" } };
const later: FilteredEvent = {
  ...first,
  streamVersion: 2,
  type: "ActionExpired",
  data: new Uint8Array(),
  time: new Date(2000),
  actor: undefined,
};
const reads: string[] = [];
const subjects = new Subjects(async ({ id }) => {
  reads.push(id);
  return [first, later];
});
const matching = async (selection: EventSelection): Promise<readonly number[]> => {
  const matches = eventFilter(selection, subjects);
  const found = [];
  for (const event of [later, first]) if (await matches(event)) found.push(event.streamVersion);
  return found.toSorted((a, b) => a - b);
};

describe("eventFilter", () => {
  it.each<[EventSelection, readonly number[]]>([
    [{}, [1, 2]],
    [{ types: ["ActionExpired", "VoteCast"] }, [2]],
    [{ actor: { issuer: "i", id: "ann" } }, [1]],
    [{ actor: { issuer: "another", id: "ann" } }, []],
    [{ startTime: new Date(2000) }, [2]],
    [{ endTime: new Date(2000) }, [1]],
    [{ subject: { type: "agent", id: "exporter" } }, [1, 2]],
    [{ subject: { type: "agent", id: "other" } }, []],
    [{ subject: { type: "agent", id: "exporter" }, types: ["ActionExpired"], endTime: new Date(1500) }, []],
  ])("%o: versions %o", async (selection, versions) => {
    expect(await matching(selection)).toEqual(versions);
  });

  it("looks a subject up once", () => {
    expect(reads).toEqual(["1"]);
  });
});
