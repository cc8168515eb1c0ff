import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "@countersign/database";
import { freePort, startPostgres } from "@countersign/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { AppendRequest, RecordedEvent } from "../event-log.ts";
import { ledgerProblems } from "../ledger-invariants.ts";
import { appendTo, readEverything, stream, withKey } from "../test-requests.ts";
import { eventLogMigrations } from "./migrations.ts";
import type { PostgresEventLog } from "./postgres-event-log.ts";
import { createTestEventLog } from "../testing.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-crash-"));
  await chmod(folder, 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a crash of Postgres", () => {
  it("P4: an acknowledged append survives kill -9 of Postgres, and every caller can find out what became of its own", async () => {
    const settings = { dataDir: join(folder, "postgres"), port: await freePort() };
    let server = await startPostgres(settings);
    await migrate(server.url, [eventLogMigrations]);
    const log = createTestEventLog({ url: server.url, ledger: "main" });
    const acknowledged: RecordedEvent[] = [];
    const unknown: AppendRequest[] = [];
    for (let crash = 0; crash < 3; crash += 1) {
      const appending = appendUntilFailure(log, crash, acknowledged, unknown);
      const before = acknowledged.length;
      await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(before + 50), { timeout: 20_000, interval: 1 });
      await server.kill();
      await appending;
      server = await startPostgres(settings);
      for (const request of unknown.splice(0)) await settle(log, request);
    }
    const events = await readEverything(log);
    const stored = new Set(events.map(({ entry }) => Buffer.from(entry).toString("hex")));
    expect(acknowledged.length).toBeGreaterThan(100);
    expect(acknowledged.filter(({ entry }) => !stored.has(Buffer.from(entry).toString("hex")))).toEqual([]);
    expect(ledgerProblems(events)).toEqual([]);
    // Each stream was asked for once, with retries: an append whose outcome was unknown is there once, too.
    expect(new Set(events.map((event) => event.stream.id)).size).toBe(events.length);
    await log.close();
    await server.stop();
  });
});

async function appendUntilFailure(
  log: PostgresEventLog,
  crash: number,
  acknowledged: RecordedEvent[],
  unknown: AppendRequest[],
): Promise<void> {
  await Promise.all(
    Array.from({ length: 16 }, async (_, worker) => {
      for (let turn = 0; ; turn += 1) {
        const id = `s-${crash}-${worker}-${turn}`;
        const request = appendTo(stream(id, `tenant-${worker % 3}`), 0, withKey(id));
        try {
          const outcome = await log.append(request);
          if (outcome.outcome === "appended") acknowledged.push(...outcome.events);
        } catch {
          unknown.push(request);
          return;
        }
      }
    }),
  );
}

async function settle(log: PostgresEventLog, request: AppendRequest): Promise<void> {
  const { outcome } = await log.append(request);
  expect(["appended", "replayed"]).toContain(outcome);
}
