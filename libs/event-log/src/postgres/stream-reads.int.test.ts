import { migrate } from "@countersign/database";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { startTcpProxy } from "@countersign/testing/tcp-proxy";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { StreamName } from "../event-log.ts";
import { appended, appendTo, stream } from "../test-requests.ts";
import { eventLogMigrations } from "./migrations.ts";
import type { PostgresEventLog } from "./postgres-event-log.ts";
import { createTestEventLog } from "../testing.ts";

let postgres: TestPostgres;
let log: PostgresEventLog;
beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations]));
  log = createTestEventLog({ url: postgres.url, ledger: "main", maxReadConnections: 2 });
});
afterAll(async () => {
  await log.close();
  await postgres.drop();
});

const versions = async (name: StreamName, after?: number) => (await log.readStream(name, after)).map((event) => event.streamVersion);

describe("streams read at the same time", () => {
  it("are 64 in one statement", async () => {
    await Promise.all(
      Array.from({ length: 64 }, (_, index) => appended(log, appendTo(stream(`s-${index}`), 0, { count: 1 + (index % 5) }))),
    );
    await versions(stream("s-0"));
    const query = vi.spyOn(pg.Client.prototype, "query");
    const found = await Promise.all(Array.from({ length: 64 }, (_, index) => versions(stream(`s-${index}`), 1)));
    expect(found).toEqual(Array.from({ length: 64 }, (_, index) => [2, 3, 4, 5].slice(0, index % 5)));
    // A connection that was idle for long may have been opened anew, and asked which server it leads to.
    const reads = query.mock.calls.flat().filter((asked) => JSON.stringify(asked).includes("from event_log.event"));
    expect(reads).toMatchObject([{ name: "event-log-read-streams" }]);
  });

  it("P4: have all that was committed when they were asked for, in order, while others append", async () => {
    const wave = fc.array(fc.record({ at: fc.nat(2), count: fc.integer({ min: 1, max: 3 }), after: fc.nat(4) }), {
      minLength: 1,
      maxLength: 12,
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(wave, { minLength: 1, maxLength: 4 }), async (waves) => {
        run += 1;
        const committed = [0, 0, 0];
        const writers = [Promise.resolve(), Promise.resolve(), Promise.resolve()];
        const read = async (at: number, after: number): Promise<void> => {
          const known = committed[at] ?? 0;
          const found = await versions(stream(`race-${run}-${at}`), after);
          expect(found).toEqual(found.map((_, index) => after + index + 1));
          expect(after + found.length).toBeGreaterThanOrEqual(known);
        };
        const append = async (at: number, count: number): Promise<void> => {
          const version = committed[at] ?? 0;
          await appended(log, appendTo(stream(`race-${run}-${at}`), version, { count }));
          committed[at] = version + count;
        };
        for (const steps of waves) {
          const reads = steps.map(async ({ at, count, after }) => {
            const written = (writers[at] ?? Promise.resolve()).then(() => append(at, count));
            writers[at] = written;
            await read(at, after);
            await written;
            await read(at, after);
          });
          await Promise.all(reads);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("P7: fail together when their connection breaks; the next have another", async () => {
    const url = new URL(postgres.url);
    const proxy = await startTcpProxy(Number(url.port));
    url.port = String(proxy.port);
    const far = createTestEventLog({ url: url.href, ledger: "far" });
    await appended(far, appendTo(stream("a"), 0));
    const both = () => Promise.allSettled([far.readStream(stream("a")), far.readStream(stream("none"))]);
    await both();
    proxy.loseNextReply();
    const unavailable = { status: "rejected", reason: { name: "EventLogError", code: "unavailable" } };
    expect(await both()).toMatchObject([unavailable, unavailable]);
    expect(await both()).toMatchObject([{ value: [{ streamVersion: 1 }] }, { value: [] }]);
    await far.close();
    proxy.close();
  });
});
