import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { EventLogError } from "./errors.ts";
import type { AppendRequest, EventLog, RecordedEvent } from "./event-log.ts";
import { streamKey } from "./batch.ts";
import { decodeEntry } from "./entry-codec.ts";
import { ledgerProblems } from "./ledger-invariants.ts";
import { appended, appendTo, erasure, readEverything, stream, TIME, withKey } from "./test-requests.ts";

/** What every `EventLog` keeps. `open` gives one with a ledger of its own. */
export function describeEventLog(name: string, open: () => Promise<EventLog>): void {
  describe(`${name} appends`, () => {
    let log: EventLog;
    beforeEach(async () => {
      log = await open();
    });

    it("gives dense positions, versions and sequences, and links each event to the one before", async () => {
      await appended(log, appendTo(stream("a"), 0, { count: 3 }));
      await appended(log, appendTo(stream("a", "other"), 0));
      await appended(log, appendTo(stream("b"), 0));
      await appended(log, appendTo(stream("a"), 3));
      const events = await readEverything(log);
      expect(
        events.map((event) => [event.position, event.stream.tenant, event.stream.id, event.streamVersion, event.tenantSequence]),
      ).toEqual([
        [0, "acme", "a", 1, 1],
        [1, "acme", "a", 2, 2],
        [2, "acme", "a", 3, 3],
        [3, "other", "a", 1, 1],
        [4, "acme", "b", 1, 4],
        [5, "acme", "a", 4, 5],
      ]);
      expect(ledgerProblems(events)).toEqual([]);
      expect(await log.nextPosition()).toBe(6);
    });

    it("returns the events exactly as they are read later", async () => {
      const actor = { issuer: "https://issuer", id: "agent" };
      const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
      const [event] = await appended(log, appendTo(stream("a"), 0, { actor, traceparent }));
      expect(event).toMatchObject({ ledger: log.ledger, actor, traceparent, time: TIME, type: "ActionRequested", schemaVersion: 1 });
      const [read] = await log.readAll({ from: 0, limit: 1 });
      expect(comparable(read)).toEqual(comparable(event));
      expect(comparable(decodeEntry(event?.entry ?? new Uint8Array()))).toEqual(comparable(event));
    });

    it("refuses a wrong version, tells the right one and changes nothing", async () => {
      await appended(log, appendTo(stream("a"), 0, { count: 2 }));
      expect(await log.append(appendTo(stream("a"), 0))).toEqual({ outcome: "conflict", actualVersion: 2 });
      expect(await log.append(appendTo(stream("a"), 1))).toEqual({ outcome: "conflict", actualVersion: 2 });
      expect(await log.append(appendTo(stream("a"), 3))).toEqual({ outcome: "conflict", actualVersion: 2 });
      expect(await log.append(appendTo(stream("new"), 1))).toEqual({ outcome: "conflict", actualVersion: 0 });
      expect(await log.nextPosition()).toBe(2);
    });

    it("lets one of many at the same version win; the others fail alone", async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 32 }, (_, index) => log.append(appendTo(stream(index % 2 === 0 ? "contested" : `own-${index}`), 0))),
      );
      const wins = outcomes.filter(({ outcome }) => outcome === "appended");
      expect(wins).toHaveLength(1 + 16);
      expect(outcomes.filter(({ outcome }) => outcome === "conflict")).toEqual(
        Array.from({ length: 15 }, () => ({ outcome: "conflict", actualVersion: 1 })),
      );
      expect(ledgerProblems(await readEverything(log))).toEqual([]);
    });

    it("P8: keeps streams of two tenants with one id apart", async () => {
      await appended(log, appendTo(stream("a"), 0));
      await appended(log, appendTo(stream("a", "other"), 0));
      expect((await log.readStream(stream("a", "other"))).map((event) => event.stream.tenant)).toEqual(["other"]);
      expect((await log.readTenant("acme", { from: 0, limit: 10 })).map((event) => event.stream.tenant)).toEqual(["acme"]);
      expect(await log.readTenant("nobody", { from: 0, limit: 10 })).toEqual([]);
    });

    it.each<[string, Partial<AppendRequest>]>([
      ["no events", { events: [] }],
      ["an empty tenant", { stream: stream("a", "") }],
      ["a name that Postgres cannot store", { stream: stream("a\0b") }],
      ["a lone surrogate", { stream: stream("\ud800") }],
      ["a negative version", { expectedVersion: -1 }],
      ["no time", { time: new Date(Number.NaN) }],
      ["an entry above 64 KiB", { events: [{ type: "ActionRequested", schemaVersion: 1, data: new Uint8Array(65_536) }] }],
      ["a short digest of content", { contents: [{ digest: new Uint8Array(31), salt: new Uint8Array(32), body: new Uint8Array(1) }] }],
    ])("refuses %s, and nobody else suffers", async (_what, broken) => {
      const [bad, good] = await Promise.allSettled([
        log.append({ ...appendTo(stream("a"), 0), ...broken }),
        log.append(appendTo(stream("good"), 0)),
      ]);
      expect(bad).toMatchObject({ status: "rejected", reason: { name: "EventLogError", code: "invalid" } });
      expect(good).toMatchObject({ status: "fulfilled", value: { outcome: "appended" } });
      expect(await log.nextPosition()).toBe(1);
    });

    it("tells listeners of each event once, in order, until they leave", async () => {
      const seen: number[] = [];
      const leave = log.onCommitted((events) => seen.push(...events.map((event) => event.position)));
      log.onCommitted(() => {
        throw new Error("a broken listener");
      });
      await Promise.all(Array.from({ length: 20 }, (_, index) => log.append(appendTo(stream(`s-${index}`), 0))));
      leave();
      await appended(log, appendTo(stream("later"), 0));
      expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => index));
    });
  });
  describeIdempotency(name, open);
  describeReads(name, open);
}

function describeIdempotency(name: string, open: () => Promise<EventLog>): void {
  describe(`${name} remembers keys`, () => {
    let log: EventLog;
    // A key is used up for ever, also across ledgers.
    let key: string;
    beforeEach(async () => {
      log = await open();
      key = randomUUID();
    });

    it("answers a repetition with the first reply and appends nothing", async () => {
      await appended(log, appendTo(stream("a"), 0, withKey(key)));
      const { idempotency } = withKey(key);
      const again = await log.append(
        appendTo(stream("another"), 0, { idempotency: idempotency && { ...idempotency, reply: Buffer.from("other") } }),
      );
      expect(again.outcome === "replayed" && Buffer.from(again.reply).toString()).toBe("reply to request");
      expect(await log.nextPosition()).toBe(1);
    });

    it("answers with what was kept also when the request is another: only the caller can tell", async () => {
      await appended(log, appendTo(stream("a"), 0, withKey(key, "one")));
      expect(await log.append(appendTo(stream("b"), 0, withKey(key, "two")))).toMatchObject({ outcome: "replayed" });
      expect(await log.nextPosition()).toBe(1);
    });

    it("keeps the keys of callers and tenants apart", async () => {
      await appended(log, appendTo(stream("a"), 0, withKey(key, "one")));
      await appended(log, appendTo(stream("b"), 0, withKey(key, "two", "https://issuer|other")));
      await appended(log, appendTo(stream("a", "other"), 0, withKey(key, "three")));
      const found = await log.findReply("other", "https://issuer|agent", key);
      expect(Buffer.from(found?.reply ?? []).toString()).toBe("reply to three");
      expect(await log.findReply("other", "https://issuer|other", key)).toBeUndefined();
    });

    it("P4: records a request once, however often it arrives at the same moment", async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 32 }, (_, index) => log.append(appendTo(stream(`s-${index}`), 0, withKey(key)))),
      );
      expect(outcomes.filter(({ outcome }) => outcome === "appended")).toHaveLength(1);
      expect(outcomes.filter(({ outcome }) => outcome === "replayed")).toHaveLength(31);
      expect(await log.nextPosition()).toBe(1);
    });

    it("does not keep the key of a request that lost", async () => {
      await appended(log, appendTo(stream("a"), 0));
      expect(await log.append(appendTo(stream("a"), 0, withKey(key)))).toMatchObject({ outcome: "conflict" });
      await appended(log, appendTo(stream("a"), 1, withKey(key)));
    });
  });
}

function describeReads(name: string, open: () => Promise<EventLog>): void {
  describe(`${name} reads`, () => {
    let log: EventLog;
    beforeEach(async () => {
      log = await open();
      for (let version = 0; version < 10; version += 2) {
        await appended(log, appendTo(stream("a"), version, { count: 2 }));
        await appended(log, appendTo(stream(`b-${version}`, "other"), 0));
      }
    });

    it("everything by page", async () => {
      expect((await log.readAll({ from: 0, limit: 4 })).map((event) => event.position)).toEqual([0, 1, 2, 3]);
      expect((await log.readAll({ from: 13, limit: 4 })).map((event) => event.position)).toEqual([13, 14]);
      expect(await log.readAll({ from: 15, limit: 4 })).toEqual([]);
    });

    it("one stream after a version", async () => {
      expect((await log.readStream(stream("a"))).map((event) => event.streamVersion)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect((await log.readStream(stream("a"), 8)).map((event) => event.streamVersion)).toEqual([9, 10]);
      expect(await log.readStream(stream("a"), 10)).toEqual([]);
    });

    it("P8: many streams at once, each only its own and to its end, however long", async () => {
      for (let version = 0; version < 100; version += 50) await appended(log, appendTo(stream("long"), version, { count: 50 }));
      await appended(log, appendTo(stream("a", "other"), 0));
      const names = [stream("a"), stream("a", "other"), stream("long"), { ...stream("a"), type: "policy" }, stream("none"), stream("a")];
      for (const after of [0, 1, 68]) {
        const read = await Promise.all(names.map((wanted) => log.readStream(wanted, after)));
        expect(read.map((events) => events.length)).toEqual([10, 1, 100, 0, 0, 10].map((length) => Math.max(0, length - after)));
        expect(
          read.flatMap((events, at) => events.filter((event) => streamKey(event.stream) !== streamKey(names[at] ?? stream("")))),
        ).toEqual([]);
        expect(read[2]?.map((event) => event.streamVersion)).toEqual(Array.from({ length: 100 - after }, (_, index) => after + index + 1));
      }
    });

    it("refuses a stream or a version that cannot be, and nobody else suffers", async () => {
      const [id, tenant, version, good] = await Promise.allSettled([
        log.readStream(stream("a\0b")),
        log.readStream(stream("a", "ac\0me")),
        log.readStream(stream("a"), Number.NaN),
        log.readStream(stream("a"), 8),
      ]);
      for (const refused of [id, tenant, version])
        expect(refused).toMatchObject({ status: "rejected", reason: { name: "EventLogError", code: "invalid" } });
      expect(good).toMatchObject({ status: "fulfilled", value: [{ streamVersion: 9 }, { streamVersion: 10 }] });
    });

    it("one tenant from a position", async () => {
      const positions = async (tenant: string, from: number, limit: number) =>
        (await log.readTenant(tenant, { from, limit })).map((event) => event.position);
      expect(await positions("other", 0, 10)).toEqual([2, 5, 8, 11, 14]);
      for (let from = 0; from <= 16; from += 1)
        expect(await positions("other", from, 2)).toEqual([2, 5, 8, 11, 14].filter((at) => at >= from).slice(0, 2));
      expect(await positions("acme", 4, 3)).toEqual([4, 6, 7]);
    });

    it("content by its digest", async () => {
      const content = { digest: Buffer.alloc(32, 1), salt: Buffer.alloc(32, 2), body: Buffer.from("typed by a person") };
      await appended(log, appendTo(stream("c"), 0, { contents: [content] }));
      await appended(log, appendTo(stream("c"), 1, { contents: [content, { ...content, digest: Buffer.alloc(32, 3) }] }));
      const contents = await log.readContents(stream("c"));
      expect([...contents.keys()]).toEqual([content.digest.toString("hex"), "03".repeat(32)]);
      expect(Buffer.from(contents.get(content.digest.toString("hex"))?.body ?? []).toString()).toBe("typed by a person");
      expect((await log.readContents(stream("c", "other"))).size).toBe(0);
      expect([...(await log.readContents(stream("c"), [content.digest, new Uint8Array(32)])).keys()]).toEqual([
        content.digest.toString("hex"),
      ]);
      expect((await log.readContents(stream("c"), [new Uint8Array(32)])).size).toBe(0);
    });

    it("P8: contents of many streams by their names, each only from its own stream", async () => {
      const content = (fill: number) => ({ digest: Buffer.alloc(32, fill), salt: Buffer.alloc(32, 9), body: Buffer.from(`text ${fill}`) });
      await appended(log, appendTo(stream("c"), 0, { contents: [content(1), content(2)] }));
      await appended(log, appendTo(stream("c", "other"), 0, { contents: [content(3)] }));
      const read = async (...names: readonly (readonly [string, string, number])[]) =>
        (
          await log.readNamedContents(names.map(([id, tenant, fill]) => ({ stream: stream(id, tenant), digest: content(fill).digest })))
        ).map((found) => found && Buffer.from(found.body).toString());
      const names = [
        ["c", "other", 3],
        ["c", "acme", 2],
        ["c", "acme", 3],
        ["d", "acme", 1],
        ["c", "acme", 1],
        ["c", "acme", 2],
      ] as const;
      expect(await read(...names)).toEqual(["text 3", "text 2", undefined, undefined, "text 1", "text 2"]);
      expect(await read()).toEqual([]);
    });

    it("P6: erases content along with the event that says so, and nothing of another stream", async () => {
      const content = { digest: Buffer.alloc(32, 1), salt: Buffer.alloc(32, 2), body: Buffer.from("typed by a person") };
      const other = { ...content, digest: Buffer.alloc(32, 3) };
      await appended(log, appendTo(stream("c"), 0, { contents: [content, other] }));
      await appended(log, appendTo(stream("d"), 0, { contents: [content] }));
      const erasing = { events: [erasure(content.digest)], erased: [content.digest, Buffer.alloc(32, 9)] };
      expect(await log.append(appendTo(stream("c"), 7, erasing))).toMatchObject({ outcome: "conflict" });
      expect((await log.readContents(stream("c"))).size).toBe(2);
      await appended(log, appendTo(stream("c"), 1, erasing));
      expect([...(await log.readContents(stream("c"))).keys()]).toEqual(["03".repeat(32)]);
      expect((await log.readContents(stream("d"))).size).toBe(1);
      expect(ledgerProblems(await readEverything(log))).toEqual([]);
    });

    it("refuses a range that is none", async () => {
      for (const range of [
        { from: -1, limit: 1 },
        { from: 0, limit: 0 },
        { from: 0, limit: 10_001 },
        { from: 0.5, limit: 1 },
      ]) {
        await expect(log.readAll(range)).rejects.toThrow(EventLogError);
      }
    });
  });
}

/** Buffers and arrays with the same bytes count as equal. */
function comparable(event: RecordedEvent | undefined) {
  const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");
  return { ...event, eventId: hex(event?.eventId), data: hex(event?.data), entry: hex(event?.entry), leafHash: hex(event?.leafHash) };
}
