import { randomBytes } from "node:crypto";
import { migrate, openDatabase, serviceRole, SERVICE_ROLE, type Database, type ServiceName } from "@countersign/database";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AppendRequest } from "../event-log.ts";
import { appendTo, stream } from "../test-requests.ts";
import { eventLogMigrations } from "./migrations.ts";
import type { PostgresEventLog } from "./postgres-event-log.ts";
import { STREAM_WRITERS } from "./rights.ts";
import { createTestEventLog } from "../testing.ts";

const CONTENT = { digest: Buffer.alloc(32, 1), salt: Buffer.alloc(32, 2), body: Buffer.from("typed") };
const SERVICES = ["approval", "audit", "directory", "gateway", "notifier", "policy"] as const satisfies readonly ServiceName[];
const TYPES = [...Object.keys(STREAM_WRITERS), "unheard-of"];

let postgres: TestPostgres;
/** A login that is a member of policy's role only, as a deployment would make it. */
let login: Database;
let name: string;
const logs = new Map<string, PostgresEventLog>();

const logOf = (service: string): PostgresEventLog => {
  const log =
    logs.get(service) ?? createTestEventLog({ url: postgres.url, ledger: "main", role: serviceRole(service), maxReadConnections: 1 });
  logs.set(service, log);
  return log;
};
const request = (type: string, id: string, more: Partial<AppendRequest> = {}): AppendRequest => ({
  ...appendTo({ ...stream(id), type }, 0, { contents: [CONTENT] }),
  ...more,
});
const tryAppend = (service: string, type: string, id = `${service}-${type}`): Promise<string> =>
  logOf(service)
    .append(request(type, id))
    .then(
      ({ outcome }) => outcome,
      () => "refused",
    );

beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations]));
  name = `policy_${randomBytes(6).toString("hex")}`;
  const owner = openDatabase({ url: postgres.url, role: null, maxConnections: 1 });
  await owner.pool.query(`create role ${name} login password 'secret' in role ${serviceRole("policy")}`);
  await owner.close();
  const url = new URL(postgres.url);
  [url.username, url.password] = [name, "secret"];
  login = openDatabase({ url: url.href, role: serviceRole("policy"), maxConnections: 1 });
});
afterAll(async () => {
  await Promise.all([...[...logs.values()].map((log) => log.close()), login.close()]);
  const owner = openDatabase({ url: postgres.url, role: null, maxConnections: 1 });
  await owner.pool.query(`drop role ${name}`);
  await owner.close();
  await postgres.drop();
});

describe("P1: a service appends to its own streams only", () => {
  it.each(SERVICES)("%s", async (service) => {
    const outcomes: string[] = [];
    // One at a time: appends of one moment share a transaction.
    for (const type of TYPES) outcomes.push(await tryAppend(service, type));
    expect(outcomes).toEqual(TYPES.map((type) => (STREAM_WRITERS[type] === service ? "appended" : "refused")));
  });

  it("policy cannot append to an action stream, whatever it says to Postgres", async () => {
    const own = logOf("policy");
    expect(await tryAppend("approval", "action", "victim")).toBe("appended");
    await expect(own.append({ ...request("action", "victim"), expectedVersion: 1 })).rejects.toThrow();
    const forged = `insert into event_log.event select ledger, position + 1000, tenant, tenant_sequence + 1000, stream_type, stream_id, stream_version + 1,
      gen_random_uuid(), type, schema_version, time, entry, leaf_hash, append_code from event_log.event where stream_type = 'action' limit 1`;
    await expect(login.pool.query(forged)).rejects.toMatchObject({
      code: "42501",
      message: expect.stringContaining("row-level security") as string,
    });
    for (const role of [SERVICE_ROLE, serviceRole("approval"), "countersign_eraser", "postgres"]) {
      await expect(login.pool.query(`set role ${role}`), role).rejects.toMatchObject({ code: "42501" });
    }
    await login.pool.query("reset role");
    await expect(login.pool.query(forged)).rejects.toMatchObject({ code: "42501" });
    for (const statement of [
      "alter table event_log.event disable row level security",
      "drop policy policy on event_log.event",
      "set row_security = off",
    ]) {
      await login.pool.query(statement).catch(() => {});
    }
    await expect(login.pool.query(forged)).rejects.toMatchObject({ code: "42501" });
    expect(await own.readStream({ ...stream("victim"), type: "action" })).toHaveLength(1);
  });
});

describe("P8: a service reads what people typed in its own streams only", () => {
  it.each<[ServiceName, boolean]>([
    ["approval", true],
    ["audit", true],
    ["policy", false],
    ["directory", false],
  ])("%s reads contents of actions: %s", async (service, may) => {
    await tryAppend("approval", "action", "read");
    expect((await logOf(service).readContents({ ...stream("read"), type: "action" })).size).toBe(may ? 1 : 0);
  });

  it.each(["notifier", "gateway"])("%s reads no contents at all", async (service) => {
    await expect(logOf(service).readContents({ ...stream("read"), type: "action" })).rejects.toThrow();
  });

  it("nobody but approval and audit sees the keys of callers, and approval alone records them", async () => {
    const idempotency = { caller: "c", key: "k", reply: Buffer.from("reply") };
    await logOf("approval").append(request("action", "keyed", { idempotency }));
    await expect(logOf("policy").append(request("policy", "keyed", { idempotency }))).rejects.toThrow();
    const found = (service: string) => logOf(service).findReply("acme", "c", "k");
    expect(await found("approval")).toBeDefined();
    expect(await found("audit")).toBeDefined();
    expect(await found("policy")).toBeUndefined();
  });
});
