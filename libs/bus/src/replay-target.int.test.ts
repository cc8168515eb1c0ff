import { createMemoryEventLog } from "@countersign/event-log/testing";
import { testNats } from "@countersign/testing";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectNats } from "./connect.ts";
import { openReplayTarget, refuseLive } from "./replay-target.ts";
import { appendActions } from "./test-events.ts";

let connection: NatsConnection;
let prefix: string;
beforeAll(async () => {
  const nats = await testNats();
  prefix = nats.prefix;
  connection = await connectNats({ url: nats.url, name: "replay-test" });
});
afterAll(() => connection.close());

describe("a replay never meets live subjects", () => {
  it.each([
    "cs.evt.main.acme.action.VoteCast",
    "cs.cmd.approval.SubmitVote",
    "cs.wake.main",
    "cs.anything",
    "cs",
    "CS.evt.main",
    "*.evt.main.acme.action.VoteCast",
    ">",
    "replay.>",
    "replay.*",
    "cs*.evt",
    "$JS.API.STREAM.DELETE.CS_EVENTS_MAIN",
    "$SYS.REQ",
    "_INBOX.x",
    "",
    "a..b",
    ".a",
    "a b",
    "a\r\nPUB cs.evt x",
  ])("P4: refuses %o", (subject) => {
    expect(() => refuseLive(subject, ["cs"])).toThrow("will not replay");
  });

  it("takes what is plainly something else", () => {
    for (const subject of ["replay.events", "csx.evt.main", "team-a.cs.evt"]) expect(() => refuseLive(subject, ["cs"])).not.toThrow();
  });

  it("P4: refuses what a JetStream stream stores, also one that is made while it runs", async () => {
    const manager = await jetstreamManager(connection);
    const stream = `${prefix}_OTHERS`.toUpperCase();
    const config = { name: stream, subjects: [`${prefix}r.stored.*`] };
    await manager.streams.add(config);
    const open = (subject: string) => openReplayTarget(connection, { subject, prefixes: [prefix, "cs"] });
    await expect(open(`${prefix}r.stored.x`)).rejects.toMatchObject({ name: "LiveSubjectError" });
    const target = await open(`${prefix}r.free.x`);
    await target.flush();
    await manager.streams.update(stream, { ...config, subjects: [`${prefix}r.>`] });
    await expect(target.flush()).rejects.toMatchObject({ name: "LiveSubjectError" });
    await manager.streams.delete(stream);
  });

  it("sends entries byte for byte, marked as a replay, without what JetStream would act on", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    await appendActions(log, 1);
    const [event] = await log.readAll({ from: 0, limit: 1 });
    if (event === undefined) throw new Error("nothing was appended");
    const subject = `${prefix}r.copy`;
    const heard = connection.subscribe(subject, { max: 1 });
    const target = await openReplayTarget(connection, { subject, prefixes: ["cs"] });
    target.publish(event);
    await target.flush();
    for await (const message of heard) {
      expect(Buffer.from(message.data)).toEqual(Buffer.from(event.entry));
      expect(message.headers?.get("cs-replay")).toBe("true");
      expect(message.headers?.get("ce-position")).toBe("0");
      expect(message.headers?.get("Nats-Msg-Id")).toBe("");
      expect(message.headers?.get("Nats-Expected-Last-Sequence")).toBe("");
    }
  });
});
