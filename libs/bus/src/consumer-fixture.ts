import { migrate, sqlMigration, type Database, type MigrationSet } from "@countersign/database";
import type { EventReader, RecordedEvent } from "@countersign/event-log";
import { silentLogger } from "@countersign/telemetry";
import { sql, type Kysely, type Transaction } from "kysely";
import type { ConsumerDefinition, ConsumerDeps, RunningConsumer } from "./consumer.ts";
import type { EventFeed } from "./event-feed.ts";
import { busMigrations } from "./migrations.ts";
import { startConsumer } from "./start-consumer.ts";

// What the tests of consumers stand on: a projection that lists what it was given, in the order in which it was given.

const testProjection: MigrationSet = {
  schema: "seen",
  migrations: {
    "0001_seen": sqlMigration(`
      create table seen.event (consumer text, position bigint, stream_id text, type text, place bigserial, primary key (consumer, position));
      grant usage on schema seen to countersign_service;
      grant all on seen.event, seen.event_place_seq to countersign_service;
    `),
  },
};

export const migrateForConsumers = (url: string) => migrate(url, [busMigrations, testProjection]);

/** Lists events; those whose stream is in `poison` fail. */
export function listing(name: string, poison: ReadonlySet<string> = new Set()): ConsumerDefinition<unknown> {
  return {
    name,
    lingerMs: 5,
    handle: async (events, transaction) => {
      await list(name, events, transaction);
      const bad = events.find((event) => poison.has(event.stream.id));
      if (bad !== undefined) throw new TypeError(`cannot handle secret ${bad.stream.id}`);
    },
  };
}

export async function list(name: string, events: readonly RecordedEvent[], transaction: Transaction<unknown>): Promise<void> {
  const [positions, ids, types] = [
    events.map(({ position }) => position),
    events.map(({ stream }) => stream.id),
    events.map(({ type }) => type),
  ];
  await sql`
    insert into seen.event (consumer, position, stream_id, type)
    select ${name}, position, id, type
    from unnest(${positions}::bigint[], ${ids}::text[], ${types}::text[]) with ordinality as given (position, id, type, place) order by place`.execute(
    transaction,
  );
}

/** Positions in the order in which they were handled. */
export async function seen(database: Kysely<unknown>, name: string): Promise<readonly number[]> {
  const { rows } = await sql<{ position: string }>`select position::text from seen.event where consumer = ${name} order by place`.execute(
    database,
  );
  return rows.map((row) => Number(row.position));
}

/** A feed by hand. */
export function handFeed(): EventFeed & { send(...events: readonly RecordedEvent[]): void } {
  const listeners = new Set<(event: RecordedEvent) => void>();
  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send: (...events) => {
      for (const event of events) for (const listener of listeners) listener(event);
    },
  };
}

export async function start(
  definition: ConsumerDefinition<unknown>,
  deps: { readonly log: EventReader & { readonly ledger: string }; readonly database: Database } & Partial<
    Pick<ConsumerDeps<unknown>, "feed" | "logger">
  >,
): Promise<RunningConsumer> {
  const { database, ...rest } = deps;
  return startConsumer(definition, { feed: handFeed(), logger: silentLogger, ...rest, database: database.kysely<unknown>() });
}

/** Actions of three events each: two whole batches, and a part of one. */
export const FAR = 1500;

export const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
