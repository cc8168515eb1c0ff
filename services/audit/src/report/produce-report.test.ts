import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import type { EventLog } from "@countersign/event-log";
import { decodeEvent } from "@countersign/events";
import { VerdictOutcome } from "@countersign/proto/v1/action_pb";
import { GetReportRequestSchema, GetReportResponseSchema } from "@countersign/proto/v1/audit_service_pb";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { getReport } from "../adapters/commands/report.ts";
import { toReportEvent } from "../adapters/events/to-report-event.ts";
import { callStream } from "../testing/calls.ts";
import { event, EVENTS, person, record, START } from "../testing/events.ts";
import { plausibleMoves, recordHistory, type Move } from "../testing/plausible-history.ts";
import { Histories } from "./histories.ts";
import type { KindName } from "./kinds.ts";
import { produceReport } from "./produce-report.ts";

const END = new Date(START + 3_600_000);

async function reported(log: EventLog, from?: Date, to = END, tenant = "acme") {
  const report = produceReport(log, tenant, { from, to }, toReportEvent);
  for (;;) {
    const next = await report.next();
    if (next.done === true) return next.value;
  }
}

type Report = Awaited<ReturnType<typeof reported>>;
const countOf = (report: Report, kind: KindName): number => report.kinds.find((found) => found.kind === kind)?.count ?? 0;

/** What must stand at a position that a kind names. */
const TYPES: Partial<Record<KindName, string>> = {
  requested: "ActionRequested",
  allowed: "VerdictReached",
  denied: "VerdictReached",
  sent_to_people: "VerdictReached",
  approved: "ActionApproved",
  rejected: "ActionRejected",
  cancelled: "ActionCancelled",
  expired: "ActionExpired",
  granted: "GrantIssued",
  redeemed: "GrantRedeemed",
  grant_expired: "GrantExpired",
  grant_revoked: "GrantRevoked",
  succeeded: "ExecutionReported",
  failed: "ExecutionReported",
  vote_approved: "VoteCast",
  vote_rejected: "VoteCast",
  vote_lapsed: "VoteLapsed",
  edited: "ActionEdited",
  unreported: "ExecutionUnreported",
};

async function played(moves: readonly Move[]): Promise<EventLog> {
  const log = createMemoryEventLog({ ledger: "main" });
  await recordHistory(log, moves);
  return log;
}

describe("a report of a real log", () => {
  it("P8: names positions that hold such events of this tenant, in each line and for each control", async () => {
    await fc.assert(
      fc.asyncProperty(plausibleMoves, async (moves) => {
        const log = await played(moves);
        const all = await log.readAll({ from: 0, limit: 10_000 });
        const report = await reported(log);
        for (const { kind, positions, lines } of report.kinds) {
          for (const position of [...positions, ...lines.flatMap((line) => line.positions)]) {
            expect(all[position]?.stream.tenant).toBe("acme");
            if (kind !== "recorded") expect([kind, all[position]?.type]).toEqual([kind, TYPES[kind]]);
          }
        }
        for (const { positions } of report.controls) for (const position of positions) expect(all[position]?.stream.tenant).toBe("acme");
        expect(countOf(report, "recorded")).toBe(all.filter(({ stream }) => stream.tenant === "acme").length);
        for (const kind of ["reported_unredeemed", "used_after_end", "redeemed_twice", "output_differs"] as const)
          expect(countOf(report, kind)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it("P5: two periods beside each other count what the whole does, whatever began in the first", async () => {
    await fc.assert(
      fc.asyncProperty(plausibleMoves, fc.nat(20), async (moves, seconds) => {
        const log = await played(moves);
        const border = new Date(START + seconds * 1000);
        // A period ends where the log first reaches it: the times of this sample are no clock's, and events between two times belong to both sides.
        const [whole, first, second] = [await reported(log), await reported(log, undefined, border), await reported(log, border)];
        fc.pre(first.events + second.events === whole.events);
        for (const kind of Object.keys(TYPES) as KindName[])
          expect([kind, countOf(first, kind) + countOf(second, kind)]).toEqual([kind, countOf(whole, kind)]);
      }),
      { numRuns: 40 },
    );
  });

  it("knows what was asked for before the period began, and of refusals beside the action", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    const stream = { tenant: "acme", id: "018f0000-0000-7000-8000-000000000001" };
    await record(log, { ...stream, version: 0 }, [EVENTS.requested(), EVENTS.verdict(VerdictOutcome.REVIEW), EVENTS.opened()]);
    const time = new Date(START + 60_000);
    await record(log, { ...stream, version: 3 }, [EVENTS.voted("ann"), EVENTS.approved(), EVENTS.granted()], { time });
    await log.append({
      stream: { tenant: "acme", type: "refusal", id: `${stream.id}.x` },
      expectedVersion: 0,
      events: [event("VoteRefused", { actionId: stream.id, reviewer: person("bob"), reason: "SELF_APPROVAL" })],
      time,
    });
    const report = await reported(log, time);
    expect(report.latency).toEqual({ count: 1, p50: 60_000, p95: 60_000, max: 60_000 });
    expect(report.kinds.find(({ kind }) => kind === "vote_approved")?.lines).toMatchObject([{ subject: "ann", detail: "db.export" }]);
    expect(report.kinds.find(({ kind }) => kind === "self_approval_refused")?.lines).toMatchObject([
      { subject: "bob", detail: "db.export" },
    ]);
  });

  it("P6: up to now holds what was recorded behind an event that an instance whose clock is hours ahead made", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    const ahead = new Date(START + 2 * 3_600_000);
    const ids = ["018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002"] as const;
    await record(log, { tenant: "acme", id: ids[0], version: 0 }, [EVENTS.requested()], { time: ahead });
    await record(log, { tenant: "acme", id: ids[1], version: 0 }, [EVENTS.requested()]);
    const report = getReport({ log, clock: () => new Date(START + 60_000) });
    const messages = await callStream(report, [GetReportRequestSchema, GetReportResponseSchema], {});
    expect(messages.at(-1)?.message).toMatchObject({ case: "result", value: { events: 2n, to: timestampFromMs(START + 60_000) } });
  });

  it("of a tenant without events is empty, and is no error", async () => {
    const report = await reported(createMemoryEventLog({ ledger: "main" }));
    expect(report).toMatchObject({ events: 0, first: undefined, last: undefined });
    expect(report.kinds.every(({ count }) => count === 0)).toBe(true);
  });
});

it("histories that were dropped are read from the log again", async () => {
  const log = await played(Array.from({ length: 60 }, (_, index) => ({ tenant: "acme", action: index % 10, choice: index * 7 })));
  const [small, large] = [new Histories(log, toReportEvent, 1), new Histories(log, toReportEvent)];
  for (const recorded of await log.readTenant("acme", { from: 0, limit: 1000 })) {
    expect(decodeEvent(recorded).type).toBe(recorded.type);
    expect(await small.before(recorded, recorded.stream.id)).toEqual(await large.before(recorded, recorded.stream.id));
  }
});
