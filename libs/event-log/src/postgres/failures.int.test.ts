import { migrate, openDatabase, type Database } from "@countersign/database";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { startTcpProxy } from "@countersign/testing/tcp-proxy";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ledgerProblems } from "../ledger-invariants.ts";
import { appended, appendTo, readEverything, stream, withKey } from "../test-requests.ts";
import { eventLogMigrations } from "./migrations.ts";
import { createTestEventLog } from "../testing.ts";
import { scanLedger } from "./scan-ledger.ts";

let postgres: TestPostgres;
let owner: Database;
beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations]));
  owner = openDatabase({ url: postgres.url, role: null });
});
afterAll(async () => {
  await owner.close();
  await postgres.drop();
});

describe("P4: when the connection breaks", () => {
  it("nobody is told `appended` of a lost reply, and a retry with the key gives the recorded one", async () => {
    const url = new URL(postgres.url);
    const proxy = await startTcpProxy(Number(url.port));
    url.port = String(proxy.port);
    const log = createTestEventLog({ url: url.href, ledger: "lost-reply" });
    // Once with a look at the log first and once without: both ways to write.
    const retries: string[] = [];
    for (const version of [0, 1, 2, 3]) {
      await appended(log, appendTo(stream("warm"), version));
      const request = appendTo(stream(`a-${version}`), 0, withKey(`lost-${version}`));
      proxy.loseNextReply();
      await expect(log.append(request)).rejects.toMatchObject({ name: "EventLogError", code: "outcome_unknown" });
      retries.push((await log.append({ ...request, stream: stream(`b-${version}`) })).outcome);
    }
    // The first reply that got lost was to a question before the commit, the others were to the commit itself.
    expect(retries).toEqual(["appended", "replayed", "replayed", "replayed"]);
    const events = await readEverything(log);
    expect(ledgerProblems(events)).toEqual([]);
    expect(events).toHaveLength(8);
    await log.close();
    proxy.close();
  });

  it("the next append connects again", async () => {
    const log = createTestEventLog({ url: postgres.url, ledger: "terminated" });
    for (let version = 0; version < 3; version += 1) {
      await appended(log, appendTo(stream("a"), version));
      await owner.pool.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'event-log terminated'");
      await log.append(appendTo(stream("b"), 0)).catch(() => {});
    }
    await appended(log, appendTo(stream("a"), 3));
    expect(ledgerProblems(await readEverything(log))).toEqual([]);
    await log.close();
  });

  it("P1: whoever remembers the log hears of it, and again when a server is found: what was read in between may be of the lost one", async () => {
    const log = createTestEventLog({ url: postgres.url, ledger: "lost" });
    await appended(log, appendTo(stream("a"), 0));
    let heard = 0;
    const stop = log.onLost?.(() => (heard += 1));
    await appended(log, appendTo(stream("a"), 1));
    expect(heard).toBe(0);
    await owner.pool.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'event-log lost'");
    await expect.poll(() => heard, { timeout: 20_000 }).toBe(1);
    await appended(log, appendTo(stream("a"), 2));
    expect(heard).toBe(2);
    stop?.();
    await log.close();
  });

  it("P1: whoever remembers the log hears of another server before anything of it is read, also where nothing is ever appended", async () => {
    const log = createTestEventLog({ url: postgres.url, ledger: "another" });
    const heard: string[] = [];
    log.onLost?.(() => heard.push("lost"));
    // A first try may meet the connection that broke.
    const read = () =>
      expect.poll(() => readEverything(log).then(() => heard.push("read"), String), { timeout: 20_000 }).toEqual(expect.any(Number));
    const backends = "from pg_stat_activity where application_name = 'event-log-reader another'";
    const endConnections = async () => {
      await owner.pool.query(`select pg_terminate_backend(pid) ${backends}`);
      await expect.poll(async () => (await owner.pool.query(`select pid ${backends}`)).rowCount, { timeout: 20_000 }).toBe(0);
    };
    await read();
    await endConnections();
    await read();
    const started = "pg_catalog.pg_postmaster_start_time()";
    await owner.pool.query(`
      alter function ${started} rename to started;
      create function ${started} returns timestamptz language sql as $$ select timestamptz '2020-01-01' $$`);
    await endConnections();
    await read();
    expect(heard).toEqual(["read", "read", "lost", "read"]);
    await owner.pool.query(`drop function ${started}; alter function pg_catalog.started() rename to pg_postmaster_start_time`);
    await log.close();
  });

  it("P7: a log that cannot be reached says so", async () => {
    const url = new URL(postgres.url);
    url.port = "1";
    const log = createTestEventLog({ url: url.href, ledger: "nowhere" });
    await expect(log.append(appendTo(stream("a"), 0))).rejects.toMatchObject({ code: "unavailable" });
    await expect(log.readAll({ from: 0, limit: 1 })).rejects.toMatchObject({ code: "unavailable" });
    await log.close();
    await expect(log.append(appendTo(stream("a"), 0))).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("P7: a server that only reads, as a standby does", () => {
  it("makes the log unavailable, records nothing, and is forgotten when it writes again", async () => {
    const log = createTestEventLog({ url: postgres.url, ledger: "read-only" });
    await appended(log, appendTo(stream("a"), 0));
    const operator = await owner.pool.connect();
    const { rows } = await operator.query<{ name: string }>("select quote_ident(current_database()) as name");
    const setReadOnly = async (value: "on" | "off"): Promise<void> => {
      await operator.query(`alter database ${rows[0]?.name} set default_transaction_read_only = ${value}`);
      await operator.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'event-log% read-only'");
    };
    await setReadOnly("on");
    // The first may meet the connection that breaks, the next is the server's own no.
    await expect(log.append(appendTo(stream("a"), 1))).rejects.toMatchObject({ name: "EventLogError" });
    await expect(log.append(appendTo(stream("a"), 1))).rejects.toMatchObject({ code: "unavailable" });
    expect(await readEverything(log)).toHaveLength(1);
    await setReadOnly("off");
    operator.release();
    await expect
      .poll(() => log.append(appendTo(stream("a"), 1)).then(({ outcome }) => outcome, String), { timeout: 20_000 })
      .toBe("appended");
    await log.close();
  });
});

describe("a request that Postgres refuses", () => {
  it("fails alone, not with those in the same transaction", async () => {
    await owner.pool.query("alter table event_log.event add constraint refused check (type <> 'Refused')");
    const log = createTestEventLog({ url: postgres.url, ledger: "refused" });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        log.append(
          appendTo(stream(`s-${index}`), 0, index === 4 ? { events: [{ type: "Refused", schemaVersion: 1, data: Buffer.from("x") }] } : {}),
        ),
      ),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(9);
    expect(outcomes[4]).toMatchObject({ status: "rejected", reason: { code: "invalid" } });
    expect(ledgerProblems(await readEverything(log))).toEqual([]);
    await log.close();
    await owner.pool.query("alter table event_log.event drop constraint refused");
  });
});

describe("a key that another ledger of the tenant takes at the same moment", () => {
  it("is recorded once", async () => {
    const logs = ["one", "two", "three"].map((ledger) => createTestEventLog({ url: postgres.url, ledger }));
    for (let round = 0; round < 10; round += 1) {
      const outcomes = await Promise.all(logs.map((log) => log.append(appendTo(stream(`r-${round}`), 0, withKey(`shared-${round}`)))));
      expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(["appended", "key_reused", "key_reused"]);
    }
    for (const log of logs) await log.close();
  });
});

it.each(["XX001", "XX002"])(
  "P7: a page that Postgres cannot read any more (%s) is a corrupt log, and none that will answer soon",
  async (code) => {
    const ledger = `damaged-${code.toLowerCase()}`;
    const log = createTestEventLog({ url: postgres.url, ledger });
    await appended(log, appendTo(stream("a"), 0, { count: 3 }));
    await owner.pool.query(`
    create function public.fails(bigint) returns boolean language plpgsql as
      $$ begin if $1 = 2 then raise 'invalid page in block 7' using errcode = '${code}'; end if; return true; end $$;
    create policy damaged on event_log.event as restrictive for select using (ledger <> '${ledger}' or public.fails(position))`);
    const failed = { code: "corrupt", message: expect.stringContaining("invalid page in block 7") as string };
    const reader = openDatabase({ url: postgres.url });
    try {
      await expect(log.readAll({ from: 0, limit: 10 })).rejects.toMatchObject(failed);
      await expect(log.readStream(stream("a"))).rejects.toMatchObject(failed);
      await expect(scanLedger(reader, ledger, { from: 0, to: 3 }, "unchecked").next()).rejects.toMatchObject(failed);
      expect(await log.readAll({ from: 0, limit: 2 })).toHaveLength(2);
    } finally {
      await owner.pool.query("drop policy damaged on event_log.event; drop function public.fails(bigint)");
      await reader.close();
      await log.close();
    }
  },
);
