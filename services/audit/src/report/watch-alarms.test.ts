import { createMemoryEventLog } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { VerdictOutcome } from "@countersign/proto/v1/action_pb";
import { describe, expect, it, vi } from "vitest";
import { toReportEvent } from "../adapters/events/to-report-event.ts";
import { event, EVENTS, record, reference } from "../testing/events.ts";
import { watchAlarms } from "./watch-alarms.ts";

const stream = { tenant: "acme", id: "018f0000-0000-7000-8000-000000000001" };
const granted = [EVENTS.requested(), EVENTS.verdict(VerdictOutcome.ALLOW), EVENTS.approved(), EVENTS.granted()];

function watched() {
  const log = createMemoryEventLog({ ledger: "main" });
  const told: unknown[] = [];
  const warn = (about: unknown): void => void told.push(about);
  const alarms = watchAlarms(log, toReportEvent, { ...silentLogger, warn });
  return { log, told, alarms, all: async () => alarms.watch(await log.readAll({ from: 0, limit: 100 })) };
}

describe("the watch", () => {
  it("is quiet about what adds up", async () => {
    const { log, told, all } = watched();
    await record(log, { ...stream, version: 0 }, [...granted, EVENTS.redeemed(), EVENTS.reported()]);
    await all();
    expect(told).toEqual([]);
  });

  it("tells of a grant that was used and not reported, with where it stands", async () => {
    const { log, told, alarms, all } = watched();
    await record(log, { ...stream, version: 0 }, [...granted, EVENTS.redeemed(), EVENTS.unreported()]);
    await all();
    expect(told).toEqual([{ kind: "unreported", tenant: "acme", action: stream.id, position: 5 }]);
    expect(alarms.seen.get("unreported")).toBe(1);
  });

  it("P2: tells of a grant that was used after it was taken back, also when it sees the use alone", async () => {
    const { log, told, alarms } = watched();
    await record(log, { ...stream, version: 0 }, [...granted, EVENTS.revoked()]);
    await alarms.watch(await record(log, { ...stream, version: 5 }, [EVENTS.redeemed()]));
    expect(told).toMatchObject([{ kind: "used_after_end", position: 5 }]);
  });

  it("tells nothing of events that it could not take in, until they come again", async () => {
    const { log, told, alarms, all } = watched();
    await record(log, { ...stream, version: 0 }, [...granted, EVENTS.redeemed(), EVENTS.unreported()]);
    const other = { ...stream, id: "018f0000-0000-7000-8000-000000000002" };
    await record(log, { ...other, version: 0 }, granted);
    const [used] = await record(log, { ...other, version: 4 }, [EVENTS.redeemed()]);
    if (used === undefined) throw new Error("nothing was recorded");
    const events = [...(await log.readAll({ from: 0, limit: 10 })), { ...used, data: new Uint8Array([7]) }];
    await expect(alarms.watch(events)).rejects.toThrow();
    expect(told).toEqual([]);
    alarms.begin();
    await all();
    expect(told).toMatchObject([{ kind: "unreported" }]);
  });

  it("is quiet about a use that another instance saw, and about events that come again", async () => {
    const { log, told, alarms, all } = watched();
    await record(log, { ...stream, version: 0 }, granted);
    await all();
    const used = await record(log, { ...stream, version: 4 }, [EVENTS.redeemed()]);
    alarms.begin();
    await alarms.watch(await record(log, { ...stream, version: 5 }, [EVENTS.reported()]));
    await alarms.watch(used);
    await all();
    expect(told).toEqual([]);
  });

  it("reads the past of an action once, however many of its events come", async () => {
    const { log, told, alarms } = watched();
    const reads = vi.spyOn(log, "readStream");
    await record(log, { ...stream, version: 0 }, granted);
    await alarms.watch(await record(log, { ...stream, version: 4 }, [EVENTS.redeemed(), EVENTS.reported(), EVENTS.redeemed()]));
    expect(told).toMatchObject([{ kind: "redeemed_twice", position: 6 }]);
    expect(reads).toHaveBeenCalledTimes(1);
  });

  it("tells of a second report that names another output", async () => {
    const { log, told, alarms } = watched();
    const data = { actionId: stream.id, reporter: reference("exporter"), refusedOutputDigest: new Uint8Array(32).fill(2) };
    const outcome = await log.append({
      stream: { tenant: "acme", type: "refusal", id: `${stream.id}.x` },
      expectedVersion: 0,
      events: [event("ReportRefused", data)],
      time: new Date(),
    });
    await alarms.watch(outcome.outcome === "appended" ? outcome.events : []);
    expect(told).toMatchObject([{ kind: "output_differs", action: stream.id }]);
  });
});
