import type { EventLog, RecordedEvent } from "@countersign/event-log";
import { sql, type Kysely } from "kysely";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { ConsumerDefinition, RunningConsumer } from "./consumer.ts";
import { listing, range, seen } from "./consumer-fixture.ts";
import { replayDeadLetters, type DeadLetter } from "./dead-letters.ts";
import { appendActions, appendTo } from "./test-events.ts";

const WAIT = { timeout: 20_000, interval: 20 };

type World = {
  readonly kysely: Kysely<unknown>;
  readonly log: EventLog;
  readonly name: string;
  /** Streams whose events fail. */
  readonly poison: Set<string>;
  readonly logged: readonly object[];
  letters(): Promise<readonly DeadLetter[]>;
  run(definition: ConsumerDefinition<unknown>): Promise<RunningConsumer>;
};

/** What takes longer than Postgres lets a statement take is no poison: it is done in parts, and tried until it works. */
export function slowBatches(world: () => World): void {
  describe("a batch that meets Postgres' limit on the time of a statement", () => {
    let sizes: number[];
    let consumer: RunningConsumer | undefined;
    beforeEach(() => void (sizes = []));
    const startSlow = async (isTooMuch: (events: readonly RecordedEvent[]) => boolean) => {
      const { name, poison, run } = world();
      const { handle, ...definition } = listing(name, poison);
      const slowly: typeof handle = async (events, transaction) => {
        sizes.push(events.length);
        if (isTooMuch(events)) await sql`set local statement_timeout = 1; select pg_sleep(60)`.execute(transaction);
        await handle(events, transaction);
      };
      consumer = await run({ ...definition, handle: slowly });
    };
    const reachedHead = async () => consumer?.reached(await world().log.nextPosition());

    test("P4: is done in parts that take less", async () => {
      const { log, kysely, name } = world();
      await appendActions(log, 16);
      await startSlow((events) => events.length > 12);
      await reachedHead();
      expect(await seen(kysely, name)).toEqual(range(0, 48));
      expect(sizes).toEqual([48, 24, 12, 12, 24, 12, 12]);
    });

    test("P4 P5: an event that meets it alone is tried until it does not, in its place, and never parked", async () => {
      const { log, kysely, name, logged, letters } = world();
      let slow = true;
      await appendTo(log, { id: "good" }, ["A", "B"]);
      await appendTo(log, { id: "slow" }, ["A"]);
      await appendTo(log, { id: "good" }, ["C"], { after: 2 });
      await startSlow((events) => slow && events.some((event) => event.stream.id === "slow"));
      await vi.waitFor(() => expect(sizes.filter((size) => size === 1).length).toBeGreaterThan(1), WAIT);
      expect(await seen(kysely, name)).toEqual([0, 1]);
      expect(logged).toContainEqual(expect.objectContaining({ consumer: name, position: 2, eventType: "A", error: "error 57014" }));
      slow = false;
      await reachedHead();
      expect(await seen(kysely, name)).toEqual([0, 1, 2, 3]);
      expect(await letters()).toEqual([]);
    });

    test("a dead letter that meets it when it is replayed waits for somebody again, and nobody for it", async () => {
      const { log, kysely, name, poison, letters } = world();
      let slow = false;
      poison.add("bad");
      await appendTo(log, { id: "bad" }, ["A"]);
      await startSlow((events) => slow && events.some((event) => event.stream.id === "bad"));
      await reachedHead();
      slow = true;
      await replayDeadLetters(kysely, { consumer: name, ledger: "main" });
      await expect.poll(async () => (await letters())[0], WAIT).toMatchObject({ state: "parked", error: "error 57014", attempts: 4 });
      await appendTo(log, { id: "good" }, ["A"]);
      await reachedHead();
      expect(await seen(kysely, name)).toEqual([1]);
    });

    test("keeps nobody from closing", async () => {
      await appendActions(world().log, 16);
      let closed: Promise<void> | undefined;
      await startSlow(() => (closed = consumer?.close()) !== undefined);
      await vi.waitFor(() => expect(closed).toBeDefined(), WAIT);
      await closed;
      expect(sizes).toEqual([48]);
    });
  });
}
