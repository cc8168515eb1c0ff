import { CALL_WAIT_MS, openDatabase, type Database } from "@countersign/database";
import type { Logger } from "@countersign/telemetry";
import { sql, type Kysely } from "kysely";
import type { ReadKeys } from "../append-keys.ts";
import { EventLogError, unreadable } from "../errors.ts";
import type { Content, ContentName, EventReader, ReadRange, RecordedEvent, StoredReply, StreamName } from "../event-log.ts";
import { checkedEvent, checkPlace, checkRange, checkStreamRead, decodeStored, type Place, type StoredRow } from "../stored-events.ts";
import { storedReply } from "../stored-reply.ts";
import { INDEX_PLANS } from "./index-plans.ts";
import { streamReads } from "./stream-reads.ts";
import type { EventLogTables } from "./tables.ts";

/** Reads one ledger. Everything that comes back was checked against its stored hash and its append code, and for gaps. */
export class PostgresReader implements EventReader {
  readonly #ledger: string;
  readonly #keys: ReadKeys;
  readonly #database: Database;
  readonly #tables: Kysely<EventLogTables>;
  readonly #readStream: ReturnType<typeof streamReads>;

  constructor(options: {
    readonly url: string;
    readonly ledger: string;
    readonly keys: ReadKeys;
    readonly role: string;
    readonly logger: Logger;
    readonly maxConnections: number;
    /** Called when a new connection leads to another server than the last, before anything is read from it. */
    readonly onLost: () => void;
  }) {
    let known: string | undefined;
    this.#ledger = options.ledger;
    this.#keys = options.keys;
    this.#database = openDatabase({
      url: options.url,
      role: options.role,
      name: `event-log-reader ${options.ledger}`,
      maxConnections: options.maxConnections,
      settings: INDEX_PLANS,
      waitMs: CALL_WAIT_MS,
      onConnect: async (connection) => {
        const { rows } = await connection.query<{ server: string }>(
          "select extract(epoch from pg_postmaster_start_time())::text as server",
        );
        const [server] = rows.map((row) => row.server);
        if (known !== undefined && server !== known) options.onLost();
        known = server;
      },
      // A server that is gone without a word: later than its own statement timeout, so that it is asked first.
      queryTimeoutMs: 35_000,
      onConnectionLost: (error) =>
        options.logger.warn({ err: error, ledger: options.ledger }, "a reading connection of the event log broke"),
    });
    this.#tables = this.#database.kysely<EventLogTables>();
    this.#readStream = streamReads(this.#database.pool, options.ledger);
  }

  async readStream(stream: StreamName, afterVersion = 0): Promise<readonly RecordedEvent[]> {
    checkStreamRead(stream, afterVersion);
    const rows = await reading(this.#readStream({ stream, afterVersion }));
    return this.#decode(rows, { counter: "streamVersion", stream }, afterVersion + 1);
  }

  async readAll(range: ReadRange): Promise<readonly RecordedEvent[]> {
    checkRange(range);
    const rows = await reading(
      this.#tables
        .selectFrom("event_log.event")
        .select(["position", "entry", "leaf_hash", "append_code"])
        .where("ledger", "=", this.#ledger)
        .where("position", ">=", range.from)
        .orderBy("position")
        .limit(range.limit)
        .execute(),
    );
    return this.#decode(rows, { counter: "position" }, range.from);
  }

  async readTenant(tenant: string, range: ReadRange): Promise<readonly RecordedEvent[]> {
    checkRange(range);
    const rows = await reading(
      this.#tables
        .selectFrom("event_log.event")
        .select(["position", "entry", "leaf_hash", "append_code", "tenant_sequence"])
        .where("ledger", "=", this.#ledger)
        .where("tenant", "=", tenant)
        .where("tenant_sequence", ">=", sql<number>`${firstSequence(this.#ledger, tenant, range.from)} - 1`)
        .orderBy("tenant_sequence")
        .limit(range.limit + 1)
        .execute(),
    );
    const [before] = rows;
    const place = { counter: "tenantSequence", tenant } as const;
    // A page that follows none begins with the tenant's first, or one is missing.
    if (before === undefined || range.from === 0 || before.position >= range.from)
      return this.#decode(rows.slice(0, range.limit), place, 1);
    return this.#decode(rows.slice(1), place, this.#sequenceOf(before, place, range.from - 1) + 1);
  }

  async nextPosition(): Promise<number> {
    const head = await reading(
      this.#tables.selectFrom("event_log.ledger_head").select("next_position").where("ledger", "=", this.#ledger).executeTakeFirst(),
    );
    return head?.next_position ?? 0;
  }

  async readContents(stream: StreamName, digests?: readonly Uint8Array[]): Promise<ReadonlyMap<string, Content>> {
    const all = this.#tables.selectFrom("event_log.content").where(inStream(this.#ledger, stream)).select(["digest", "salt", "body"]);
    const wanted = digests?.map((digest) => Buffer.from(digest));
    const rows = await reading((wanted === undefined ? all : all.where(sql<boolean>`digest = any(${wanted}::bytea[])`)).execute());
    return new Map(rows.map((content) => [content.digest.toString("hex"), content]));
  }

  async readNamedContents(names: readonly ContentName[]): Promise<readonly (Content | undefined)[]> {
    if (names.length === 0) return [];
    const streams = names.map(({ stream }) => stream);
    const values = [
      this.#ledger,
      streams.map(({ tenant }) => tenant),
      streams.map(({ type }) => type),
      streams.map(({ id }) => id),
      names.map(({ digest }) => Buffer.from(digest)),
    ];
    const { rows } = await reading(this.#database.pool.query<Content & { readonly at: number }>({ ...READ_NAMED_CONTENTS, values }));
    const found = new Map(rows.map(({ at, ...content }) => [at, content]));
    return names.map((_, index) => found.get(index + 1));
  }

  async findReply(tenant: string, caller: string, key: string): Promise<StoredReply | undefined> {
    const row = await reading(
      this.#tables
        .selectFrom("event_log.idempotency")
        .select(["ledger", "reply", "append_code"])
        .where("tenant", "=", tenant)
        .where("caller", "=", caller)
        .where("key", "=", key)
        .executeTakeFirst(),
    );
    return row && storedReply(this.#keys, { tenant, caller, key }, row);
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  /**
   * What the one before a page says that it is: its column could stand for one that is missing. Right behind a bad event, which an error has named, one reads on, and the
   * column must do; anywhere else it must be sound, or it would hide what it stands for.
   */
  #sequenceOf(row: StoredRow & { readonly tenant_sequence: number }, place: Omit<Place, "ledger">, behind: number): number {
    try {
      const event = checkedEvent(this.#keys, this.#ledger, row);
      checkPlace({ ...place, ledger: this.#ledger }, event.tenantSequence, event, row.position);
      return event.tenantSequence;
    } catch (error) {
      if (row.position === behind && error instanceof EventLogError) return row.tenant_sequence;
      throw error;
    }
  }

  #decode(rows: readonly StoredRow[], place: Omit<Place, "ledger">, first: number): readonly RecordedEvent[] {
    return decodeStored(rows, this.#keys, { ...place, ledger: this.#ledger }, first);
  }
}

/** The subselect is asked once for each name, so that no plan reads more of the table than that, whatever Postgres believes about it. */
const READ_NAMED_CONTENTS = {
  name: "event-log-read-named-contents",
  text: `select n.at::int, c.digest, c.salt, c.body
    from unnest($2::text[], $3::text[], $4::text[], $5::bytea[]) with ordinality as n (tenant, type, id, digest, at),
      lateral (
        select digest, salt, body from event_log.content
        where (ledger, tenant, stream_type, stream_id, digest) = ($1, n.tenant, n.type, n.id, n.digest) limit 1
      ) c`,
};

function inStream(ledger: string, { tenant, type, id }: StreamName) {
  return sql<boolean>`(ledger, tenant, stream_type, stream_id) = (${ledger}, ${tenant}, ${type}, ${id})`;
}

/** The tenant's first sequence at or after a position: both only grow, so a binary search over the one index finds it. */
function firstSequence(ledger: string, tenant: string, from: number) {
  return sql<number>`(
    with recursive search (low, high) as (
      select 1::bigint, 1 + coalesce(max(tenant_sequence), 0) from event_log.event where ledger = ${ledger} and tenant = ${tenant}
      union all
      select case when e.position < ${from} then middle + 1 else low end, case when e.position < ${from} then high else middle end
      from search,
        lateral (select (low + high) / 2 as middle) m,
        lateral (
          select position from event_log.event where ledger = ${ledger} and tenant = ${tenant} and tenant_sequence >= middle
          order by tenant_sequence limit 1
        ) e
      where low < high
    )
    select low from search where low = high
  )`;
}

async function reading<Rows>(query: Promise<Rows>): Promise<Rows> {
  try {
    return await query;
  } catch (error) {
    throw unreadable(error);
  }
}
