import type { EventLog, RecordedEvent } from "@countersign/event-log";
import { sql, type Kysely } from "kysely";
import { describe, expect, test, vi } from "vitest";
import { readCheckpoint } from "./checkpoint.ts";
import type { ConsumerDefinition, RunningConsumer } from "./consumer.ts";
import { FAR, list, listing, range, seen, start } from "./consumer-fixture.ts";
import { READ_LIMIT } from "./event-source.ts";
import { openTestDatabase } from "./test-database.ts";
import { appendActions, appendPair } from "./test-events.ts";

type World = {
  readonly url: string;
  readonly kysely: Kysely<unknown>;
  readonly log: EventLog;
  readonly name: string;
  run(definition: ConsumerDefinition<unknown>): Promise<RunningConsumer>;
};

/** What a crash of a process, of Postgres or of the log, and a second instance, leave of a consumer's work. */
export function consumerCrashes(world: () => World): void {
  describe("crashes", () => {
    test.each([
      ["at the beginning", 10, 0],
      ["far behind", FAR, READ_LIMIT],
    ])(
      "P4 P5: a crash between handling and commit, %s, leaves neither rows nor checkpoint, and nothing is handled twice",
      async (_, actions, at) => {
        const { log, kysely, name, run } = world();
        await appendActions(log, actions);
        let crashes = 3;
        const definition = {
          ...listing(name),
          handle: async (events: readonly RecordedEvent[], transaction: Parameters<typeof list>[2]) => {
            await list(name, events, transaction);
            if (crashes === 0 || events[0]?.position !== at) return;
            crashes -= 1;
            expect(await readCheckpoint(kysely, { consumer: name, ledger: "main" })).toBe(at);
            // Ends our own session, as a crash of this process or of Postgres would: the rows above are not committed.
            await sql`select pg_terminate_backend(pg_backend_pid())`.execute(transaction);
          },
        };
        const consumer = await run(definition);
        await consumer.reached(3 * actions);
        expect(crashes).toBe(0);
        expect(await seen(kysely, name)).toEqual(range(0, 3 * actions));
        const { rows } = await sql`select 1 from bus.dead_letter where consumer = ${name}`.execute(kysely);
        expect(rows).toEqual([]);
      },
    );

    test("P4: the log cannot be read for a while: it waits", async () => {
      const { log, kysely, name, run } = world();
      await appendActions(log, 10);
      const readAll = log.readAll.bind(log);
      let failures = 3;
      vi.spyOn(log, "readAll").mockImplementation(async (at) => {
        if (failures === 0) return readAll(at);
        failures -= 1;
        throw Object.assign(new Error("away"), { code: "unavailable" });
      });
      const consumer = await run(listing(name));
      await consumer.reached(30);
      expect(await seen(kysely, name)).toEqual(range(0, 30));
    });

    test("P5: an older instance that lost its lease unknowingly, far behind, cannot write over the new one", async () => {
      const { url, log, kysely, name, run } = world();
      await appendActions(log, FAR);
      const entered = Promise.withResolvers<void>();
      const leave = Promise.withResolvers<void>();
      const other = openTestDatabase(url, 4);
      const slow = await start(
        {
          ...listing(name),
          handle: async (events, transaction) => {
            await list(name, events, transaction);
            if (events[0]?.position !== READ_LIMIT) return;
            entered.resolve();
            await leave.promise;
          },
        },
        { log, database: other },
      );
      await entered.promise;
      const owner = openTestDatabase(url, 1, null);
      // Its lease is gone; its transaction is still open and holds the checkpoint's row.
      await sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 1
        and database = (select oid from pg_database where datname = current_database())
        and (classid::bigint << 32 | objid::bigint) = hashtextextended(${`consumer ${name} main`}, 0)`.execute(owner.kysely<unknown>());
      await owner.close();
      const consumer = await run(listing(name));
      await new Promise((resolve) => setTimeout(resolve, 300));
      leave.resolve();
      await consumer.reached(await log.nextPosition());
      expect(await seen(kysely, name)).toEqual(range(0, 3 * FAR));
      await slow.close();
      await other.close();
    });
  });

  describe("instances", () => {
    test("one works, the other stands by, and takes over within about a second when the first dies", async () => {
      const { url, log, kysely, name, run } = world();
      const handled: string[] = [];
      const begun: string[] = [];
      const counting = (instance: string) => ({
        ...listing(name),
        begin: () => void begun.push(instance),
        handle: async (events: readonly RecordedEvent[], transaction: Parameters<typeof list>[2]) => {
          handled.push(...events.map(() => instance));
          await list(name, events, transaction);
        },
      });
      const first = openTestDatabase(url, 4);
      const dying = await start(counting("first"), { log, database: first });
      await appendPair(log, "a");
      await dying.reached(2);
      const second = await run(counting("second"));
      await appendPair(log, "b");
      await Promise.all([dying.reached(4), second.reached(4)]);
      expect(new Set(handled)).toEqual(new Set(["first"]));
      const before = performance.now();
      await dying.close();
      await appendPair(log, "c");
      await second.reached(6);
      expect(performance.now() - before).toBeLessThan(10_000);
      expect(handled.slice(-2)).toEqual(["second", "second"]);
      expect(begun).toEqual(["first", "second"]);
      expect(await seen(kysely, name)).toEqual(range(0, 6));
      await first.close();
    });

    test("P5: ten instances on ten connections handle each event once", async () => {
      const { url, log, kysely, name } = world();
      const databases = Array.from({ length: 5 }, () => openTestDatabase(url, 3));
      const instances = await Promise.all(
        databases.flatMap((each) => [start(listing(name), { log, database: each }), start(listing(name), { log, database: each })]),
      );
      await appendActions(log, 100);
      await Promise.all(instances.map((instance) => instance.reached(300)));
      expect(await seen(kysely, name)).toEqual(range(0, 300));
      await Promise.all(instances.map((instance) => instance.close()));
      await Promise.all(databases.map((each) => each.close()));
    });
  });
}
