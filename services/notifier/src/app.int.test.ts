import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { busMigrations, connectNats, inProcessCommands, natsFeed, startRelay, type CommandBus, type RunningRelay } from "@countersign/bus";
import { migrate, openDatabase, type Database } from "@countersign/database";
import { eventLogMigrations, type NewEvent, type PostgresEventLog } from "@countersign/event-log";
import { createTestEventLog } from "@countersign/event-log/testing";
import { ActionSchema, ActionStatus } from "@countersign/proto/v1/action_pb";
import { GetActionRequestSchema, GetActionResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { silentLogger } from "@countersign/telemetry";
import { testNats, testPostgres, until, type TestNats, type TestPostgres } from "@countersign/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { notifierMigrations } from "./adapters/postgres/migrations.ts";
import { terminalChannel } from "./adapters/terminal/terminal-channel.ts";
import { startNotifier } from "./app.ts";
import { parseChannels } from "./config.ts";
import { webhookReceiver, type WebhookReceiver } from "./testing/webhook-receiver.ts";

const LEDGER = "main";
const SECRET = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;

let postgres: TestPostgres;
let nats: TestNats;
let database: Database;
let receiver: WebhookReceiver;
let log: PostgresEventLog;
let connection: Awaited<ReturnType<typeof connectNats>>;
let relay: RunningRelay;
let commands: CommandBus;
let printed = "";
const statuses = new Map<string, { status: ActionStatus; version: number }>();

beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations, busMigrations, notifierMigrations]));
  nats = await testNats();
  database = openDatabase({ url: postgres.url });
  log = createTestEventLog({ url: postgres.url, ledger: LEDGER, logger: silentLogger });
  connection = await connectNats({ url: nats.url, name: "notifier-test" });
  relay = startRelay({ log, connection, prefix: nats.prefix, logger: silentLogger });
  receiver = await webhookReceiver(SECRET, () => "ok");
  commands = inProcessCommands({ logger: silentLogger });
  await commands.serve("approval", {
    GetActionForChannel: async (command) =>
      reply(command.caller?.tenant ?? "", fromBinary(GetActionRequestSchema, command.request).actionId),
  });
});
afterAll(async () => {
  await receiver.close();
  await relay.close();
  await log.close();
  await connection.close();
  await database.close();
  await postgres.drop();
});

function reply(tenant: string, id: string): Uint8Array {
  const { status, version } = statuses.get(`${tenant}/${id}`) ?? { status: ActionStatus.UNSPECIFIED, version: 0 };
  const review = { stages: [{ name: "data", quorumText: "1 of dpo" }] };
  const input = { action: { name: "db.export" }, resource: { type: "db", id: "crm" }, context: { justification: "\u001b[2Jtrust me" } };
  return toBinary(
    GetActionResponseSchema,
    create(GetActionResponseSchema, { action: create(ActionSchema, { id, tenant, status, version: BigInt(version), input, review }) }),
  );
}

function start() {
  const config = parseChannels(
    JSON.stringify({
      allowed_hosts: [receiver.host],
      channels: [
        { name: "all", kind: "webhook", tenants: ["acme"], url: receiver.url, secrets: [SECRET] },
        {
          name: "other",
          kind: "webhook",
          tenants: ["other"],
          url: receiver.url.replace("/hook", "/other"),
          secrets: [SECRET],
          events: ["ReviewOpened"],
        },
      ],
    }),
  );
  const feed = natsFeed(connection, { prefix: nats.prefix, ledger: LEDGER, logger: silentLogger });
  const output = {
    write: (text: string, done: () => void) => {
      printed += text;
      done();
    },
  };
  const channels = [terminalChannel({ name: "screen", tenants: "all", output })];
  return startNotifier({ config, log, commands, feed, database, logger: silentLogger, channels, tuning: { pollMs: 50 } });
}

async function append(tenant: string, id: string, status: ActionStatus, ...types: string[]): Promise<void> {
  const before = statuses.get(`${tenant}/${id}`)?.version ?? 0;
  statuses.set(`${tenant}/${id}`, { status, version: before + types.length });
  const events = types.map((type): NewEvent => ({ type, schemaVersion: 1, data: new Uint8Array() }));
  const outcome = await log.append({ stream: { tenant, type: "action", id }, expectedVersion: before, events, time: new Date() });
  expect(outcome.outcome).toBe("appended");
}

const count = async (table: "delivery" | "review"): Promise<number> =>
  (await database.pool.query(`select from notifier.${table}`)).rowCount ?? -1;

const heard = (path: string): string[] =>
  receiver.received.filter((request) => request.path === path).map(({ payload }) => `${payload.data.action_id} ${payload.type}`);

describe("notifier on the log", () => {
  it("P4, P8: tells each channel what it may hear, once, across restarts, and nothing about actions without a review", async () => {
    const first = await start();
    for (let index = 0; index < 50; index += 1) {
      await append(
        "acme",
        `auto-${index}`,
        ActionStatus.SUCCEEDED,
        "ActionRequested",
        "VerdictReached",
        "ActionApproved",
        "GrantIssued",
        "GrantRedeemed",
        "ExecutionReported",
      );
    }
    await append("acme", "a1", ActionStatus.IN_REVIEW, "ActionRequested", "VerdictReached", "ReviewOpened");
    await append("other", "o1", ActionStatus.IN_REVIEW, "ActionRequested", "VerdictReached", "ReviewOpened");
    await until(() => receiver.received.length === 2 && printed.split("┌─ Review").length === 3);
    await first.close();

    // Nobody runs while this happens.
    await append("acme", "a1", ActionStatus.APPROVED, "VoteCast", "ActionApproved", "GrantIssued");
    await append("acme", "a2", ActionStatus.IN_REVIEW, "ActionRequested", "VerdictReached", "ReviewOpened");
    await append("acme", "a2", ActionStatus.REJECTED, "VoteCast", "ActionRejected");
    const instances = await Promise.all([start(), start()]);
    await until(() => receiver.received.length === 8 && printed.includes("■ approved"));
    await Promise.all(instances.map((instance) => instance.close()));

    expect(heard("/hook").filter((line) => line.startsWith("a1"))).toEqual([
      "a1 action.ReviewOpened",
      "a1 action.VoteCast",
      "a1 action.ActionApproved",
      "a1 action.GrantIssued",
    ]);
    expect(heard("/hook").filter((line) => line.startsWith("a2"))).toEqual([
      "a2 action.ReviewOpened",
      "a2 action.VoteCast",
      "a2 action.ActionRejected",
    ]);
    expect(heard("/other")).toEqual(["o1 action.ReviewOpened"]);
    expect(printed.match(/┌─ Review/g)).toHaveLength(2);
    expect(printed).toContain("■ approved: db.export on db crm (action a1, now approved)");
    // The review of a2 was over before anybody could be asked.
    expect(printed).not.toContain("a2");
    expect(printed).not.toContain("\u001b");
    expect(await count("review")).toBe(3);
    expect(await count("delivery")).toBe(8 + 2 + 1 + 2);
  });
});

describe("startNotifier", () => {
  it("starts nothing without channels", async () => {
    const feed = natsFeed(connection, { prefix: nats.prefix, ledger: LEDGER, logger: silentLogger });
    const none = await startNotifier({ config: parseChannels("{}"), log, commands, feed, database, logger: silentLogger });
    await none.close();
  });

  it("refuses two channels of one name", async () => {
    const output = { write: (_text: string, done: () => void) => done() };
    const twin = terminalChannel({ name: "twin", tenants: "all", output });
    const feed = natsFeed(connection, { prefix: nats.prefix, ledger: LEDGER, logger: silentLogger });
    await expect(
      startNotifier({
        config: parseChannels("{}"),
        log,
        commands,
        feed,
        database,
        logger: silentLogger,
        channels: [twin, twin],
      }),
    ).rejects.toThrow("same name");
  });
});
