import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectNats } from "@countersign/bus";
import { migrate, openDatabase } from "@countersign/database";
import { eventLogMigrations } from "@countersign/event-log";
import { createTestEventLog } from "@countersign/event-log/testing";
import { testNats, testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { run } from "../program.ts";

let postgres: TestPostgres;
let folder: string;
let out: string;
let err: string;
beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations]));
  folder = mkdtempSync(join(tmpdir(), "countersign-replay-"));
  const log = createTestEventLog({ url: postgres.url, ledger: "main" });
  for (let number = 0; number < 20; number += 1) {
    const outcome = await log.append({
      stream: { tenant: number % 2 === 0 ? "acme" : "globex", type: "action", id: `id-${number}` },
      expectedVersion: 0,
      events: [{ type: number % 5 === 0 ? "ActionExpired" : "ActionApproved", schemaVersion: 1, data: new Uint8Array() }],
      actor: { issuer: "https://idp", id: number === 3 ? "\u001b[2Jmallory" : "ann" },
      time: new Date(Date.UTC(2026, 0, 1, 0, 0, number)),
    });
    expect(outcome.outcome).toBe("appended");
  }
  await log.close();
});
beforeEach(() => {
  [out, err] = ["", ""];
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await postgres.drop();
});

async function replay(...args: readonly string[]): Promise<number> {
  const io = { out: { write: (text: string) => (out += text) }, env: {}, signal: new AbortController().signal };
  return run(["events", "replay", "--database", postgres.url, ...args], io, { write: (text) => (err += text) });
}
const positions = (): readonly number[] => [...out.matchAll(/^(\d+) /gm)].map(([, position]) => Number(position));

describe("countersign events replay", () => {
  it.each<[readonly string[], readonly number[]]>([
    [
      ["--from-position", "17"],
      [17, 18, 19],
    ],
    [
      ["--to-position", "2"],
      [0, 1],
    ],
    [
      ["--tenant", "globex", "--limit", "3"],
      [1, 3, 5],
    ],
    [
      ["--type", "ActionExpired"],
      [0, 5, 10, 15],
    ],
    [["--action", "id-7"], [7]],
    [
      ["--actor", "https://idp|ann", "--to-position", "5"],
      [0, 1, 2, 4],
    ],
    [
      ["--from", "2026-01-01T00:00:05Z", "--to", "2026-01-01T00:00:08Z"],
      [5, 6, 7],
    ],
  ])("%j", async (args, expected) => {
    expect(await replay(...args)).toBe(0);
    expect(positions()).toEqual(expected);
  });

  it("P7: shows hostile text, and obeys none of it", async () => {
    await replay();
    expect(out).toContain(String.raw`\u{1b}[2Jmallory`);
    expect(out).not.toContain("\u001b");
    out = "";
    await replay("--json");
    expect(out).not.toContain("\u001b");
  });

  it("writes JSON lines to a file, and goes on where it stopped", async () => {
    const [file, cursor] = [join(folder, "events.jsonl"), join(folder, "cursor")];
    expect(await replay("--output", file, "--cursor", cursor, "--limit", "8", "--rate", "100000/s")).toBe(0);
    expect(readFileSync(cursor, "utf8")).toBe("8\n");
    expect(await replay("--output", file, "--cursor", cursor)).toBe(0);
    const lines = readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { position: number });
    expect(lines.map(({ position }) => position)).toEqual(Array.from({ length: 20 }, (_, position) => position));
    expect(readFileSync(cursor, "utf8")).toBe("20\n");
    writeFileSync(cursor, "twenty");
    expect(await replay("--cursor", cursor)).toBe(2);
    expect(err).toContain("is no cursor");
  });

  it.each([
    ["was altered", "update event_log.event set entry = entry || '\\x1a00' where position = 7", "position 7 "],
    ["is missing", "delete from event_log.event where position = 7", "position 7 "],
    ["was damaged beyond reading", "update event_log.event set entry = '\\xff' where position = 7", "position 7 "],
  ])("P6: prints what stands before an event that %s, says where it is, and reads on behind it", async (_what, change, where) => {
    const owner = openDatabase({ url: postgres.url, role: null });
    const cursor = join(folder, "sound");
    await owner.pool.query("create table public.kept as table event_log.event; alter table event_log.event disable trigger all");
    await owner.pool.query(change);
    try {
      expect([await replay("--cursor", cursor), positions()]).toEqual([1, [0, 1, 2, 3, 4, 5, 6]]);
      expect(err).toContain(where);
      expect(err).toContain("--from-position 8");
      out = "";
      expect([await replay("--cursor", cursor), positions()]).toEqual([1, []]);
      expect([await replay("--from-position", "8", "--limit", "2"), positions()]).toEqual([0, [8, 9]]);
    } finally {
      await owner.pool.query("delete from event_log.event; insert into event_log.event table public.kept; drop table public.kept");
      await owner.pool.query("alter table event_log.event enable trigger all");
      await owner.close();
      rmSync(cursor);
    }
  });

  it("keeps the pace: twenty seconds of events at 100x", async () => {
    const start = performance.now();
    expect(await replay("--speed", "100x")).toBe(0);
    expect(performance.now() - start).toBeGreaterThan(180);
    expect(positions()).toHaveLength(20);
  });

  it.each([
    [["--nats", "nats://127.0.0.1:1"], "go together"],
    [["--speed", "1x", "--rate", "1/s"], "either"],
    [["--from", "yesterday"], "must be a time"],
  ])("refuses %j", async (args, what) => {
    expect(await replay(...args)).toBe(2);
    expect(err).toContain(what);
  });
});

describe("countersign events replay --nats", () => {
  it("publishes entries in order, byte for byte, with a cursor", async () => {
    const { url, prefix } = await testNats();
    const subject = `replay.${prefix}`;
    const cursor = join(folder, "nats-cursor");
    const connection = await connectNats({ url, name: "replay-listener" });
    const heard = connection.subscribe(subject, { max: 20 });
    await connection.flush();
    const publish = (...args: readonly string[]) => replay("--nats", url, "--nats-subject", subject, "--cursor", cursor, ...args);
    expect(await publish("--limit", "7")).toBe(0);
    expect(await publish()).toBe(0);
    const entries: Buffer[] = [];
    for await (const message of heard) {
      expect(message.headers?.get("cs-replay")).toBe("true");
      entries.push(Buffer.from(message.data));
    }
    await connection.close();
    const log = createTestEventLog({ url: postgres.url, ledger: "main" });
    const events = await log.readAll({ from: 0, limit: 100 });
    await log.close();
    expect(entries).toEqual(events.map(({ entry }) => Buffer.from(entry)));
  });

  it("P4: sends nothing to live subjects, of the default prefix or this deployment's", async () => {
    const { url, prefix } = await testNats();
    const connection = await connectNats({ url, name: "replay-listener" });
    const heard = [connection.subscribe(`${prefix}.>`), connection.subscribe(`cs.evt.${prefix}.>`)];
    await connection.flush();
    for (const subject of [`${prefix}.evt.main.acme.action.VoteCast`, `${prefix}.anything`, `cs.evt.${prefix}.x`]) {
      err = "";
      expect(await replay("--nats", url, "--nats-subject", subject, "--nats-prefix", prefix)).not.toBe(0);
      expect(err).toContain("will not replay");
    }
    await connection.flush();
    expect(heard.map((subscription) => subscription.getReceived())).toEqual([0, 0]);
    await connection.close();
  });
});

describe("countersign events tail --database", () => {
  it("begins with what happens from now on", async () => {
    const log = createTestEventLog({ url: postgres.url, ledger: "main" });
    const interrupt = new AbortController();
    const io = { out: { write: (text: string) => (out += text) }, env: {}, signal: interrupt.signal };
    const tailing = run(["events", "tail", "--database", postgres.url], io, { write: (text) => (err += text) });
    let number = 0;
    await vi.waitFor(
      async () => {
        const stream = { tenant: "acme", type: "action", id: `later-${(number += 1)}` };
        const events = [{ type: "ActionExpired", schemaVersion: 1, data: new Uint8Array() }];
        await log.append({ stream, expectedVersion: 0, events, actor: { issuer: "https://idp", id: "ann" }, time: new Date() });
        expect(out).toContain("later-");
      },
      { timeout: 20_000, interval: 50 },
    );
    interrupt.abort();
    expect([await tailing, err]).toEqual([130, ""]);
    expect(positions()[0]).toBeGreaterThanOrEqual(20);
    await log.close();
  });
});
