import type { EventLog } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { GetTimelineRequestSchema, GetTimelineResponseSchema } from "@countersign/proto/v1/audit_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { call, caller, type CallerInit } from "../../testing/calls.ts";
import { agent, event, EVENTS, person, record, reference } from "../../testing/events.ts";
import { getTimeline } from "./timeline.ts";

const ID = "018f0000-0000-7000-8000-000000000001";
const salt = new Uint8Array(32).fill(1);
const content = (text: string) => {
  const body = Buffer.from(text);
  return { digest: createHash("sha256").update(salt).update(body).digest(), salt, body };
};
const reason = content("never on a\u001b[31m Friday");

let log: EventLog;
beforeEach(async () => {
  log = createMemoryEventLog({ ledger: "main" });
  const edited = event("ActionEdited", { editor: person("ann"), input: { digest: reason.digest }, reason: { digest: reason.digest } });
  await record(log, { tenant: "acme", id: ID, version: 0 }, [EVENTS.requested()], { actor: reference("exporter") });
  await record(log, { tenant: "acme", id: ID, version: 1 }, [edited, { type: "ActionParked", schemaVersion: 1, data: Uint8Array.of(1) }], {
    contents: [reason],
  });
});

const timeline = (who?: CallerInit, actionId = ID) =>
  call(getTimeline(log), [GetTimelineRequestSchema, GetTimelineResponseSchema], { actionId }, who);

describe("GetTimeline", () => {
  it("tells one action's events in order, with the words that people typed", async () => {
    expect((await timeline()).entries.map(({ text }) => text)).toEqual([
      "agent exporter asked for db.export on db crm, for agent exporter",
      String.raw`human ann edited the parameters: "never on a\u{1b}[31m Friday"`,
      "ActionParked (recorded by a newer version)",
    ]);
  });

  it("P3: tells who was refused on it, and when", async () => {
    const refused = event("VoteRefused", { actionId: ID, reviewer: reference("exporter"), reason: "SELF_APPROVAL" });
    await log.append({ stream: { tenant: "acme", type: "refusal", id: ID }, expectedVersion: 0, events: [refused], time: new Date() });
    await record(log, { tenant: "acme", id: ID, version: 3 }, [event("ActionExpired", {})]);
    const { entries } = await timeline();
    expect(entries.map(({ event: shown }) => shown?.position)).toEqual([0n, 1n, 2n, 3n, 4n]);
    expect(entries[3]?.text).toBe(`a vote of exporter on action ${ID} was refused: SELF_APPROVAL`);
    const at = { moment: { case: "position", value: 2n } } as const;
    const before = await call(getTimeline(log), [GetTimelineRequestSchema, GetTimelineResponseSchema], { actionId: ID, at });
    expect(before.entries).toHaveLength(3);
  });

  it("P5: ends where it was asked to", async () => {
    const at = { moment: { case: "position", value: 1n } } as const;
    const shown = await call(getTimeline(log), [GetTimelineRequestSchema, GetTimelineResponseSchema], { actionId: ID, at });
    expect(shown.entries).toHaveLength(2);
    const before = { moment: { case: "time", value: { seconds: 0n, nanos: 0 } } } as const;
    const nothing = call(getTimeline(log), [GetTimelineRequestSchema, GetTimelineResponseSchema], { actionId: ID, at: before });
    await expect(nothing).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("shows each event as recorded, of a newer build too", async () => {
    const recorded = await log.readAll({ from: 0, limit: 10 });
    const { entries } = await timeline();
    expect(entries.map(({ event: shown }) => shown?.entry)).toEqual(recorded.map(({ entry }) => Uint8Array.from(entry)));
    expect(entries.map(({ event: shown }) => shown?.leafHash)).toEqual(recorded.map(({ leafHash }) => Uint8Array.from(leafHash)));
    expect(entries[0]?.event).toMatchObject({
      position: 0n,
      ledger: "main",
      tenantSequence: 1n,
      streamId: ID,
      streamVersion: 1n,
      type: "ActionRequested",
      actor: { id: "exporter" },
    });
    expect(entries[0]?.event?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(entries[0]?.event?.data).toMatchObject({ actionName: "db.export", resourceId: "crm" });
    expect(entries[2]?.event?.data).toBeUndefined();
  });

  it("does not show words that are not the recorded ones", async () => {
    const other = content("always on a Friday");
    log = { ...log, readContents: async () => new Map([[reason.digest.toString("hex"), { ...other, digest: reason.digest }]]) };
    expect((await timeline()).entries[1]?.text).toBe(
      "human ann edited the parameters (the stored words are not the ones that were recorded)",
    );
  });

  it("says when words were erased", async () => {
    log = { ...log, readContents: async () => new Map() };
    expect((await timeline()).entries[1]?.text).toBe("human ann edited the parameters (the words were erased)");
  });

  it("P8: what belongs to another tenant does not exist", async () => {
    await expect(timeline(caller({ tenant: "globex" }))).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(timeline(undefined, ID.replace("1", "2"))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("does not exist either for a mere requester that did not ask for it", async () => {
    const requester = caller({ type: PrincipalType.AGENT, roles: ["requester"] });
    await expect(timeline(requester)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await timeline({ ...requester, id: "exporter" })).entries).toHaveLength(3);
  });

  it("P8: does not exist for a bot that acts for somebody else than when it asked", async () => {
    const id = ID.replace(/1$/, "7");
    await record(log, { tenant: "acme", id, version: 0 }, [EVENTS.requested({ ...agent("exporter"), chain: [reference("ann")] })]);
    const acting = (...chain: string[]) =>
      caller({ ...reference("exporter"), type: PrincipalType.AGENT, roles: ["requester"], chain: chain.map(reference) });
    expect((await timeline(acting("ann"), id)).entries).toHaveLength(1);
    for (const other of [acting("bob"), acting()]) await expect(timeline(other, id)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("refuses what is no id", async () => {
    for (const id of ["", "1", `${ID} `, ID.toUpperCase(), "../../x"]) {
      await expect(timeline(undefined, id)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field: "action_id" }] });
    }
  });
});
