import { busMigrations, CommandError, type EventFeed } from "@countersign/bus";
import { migrate, openDatabase, type Database } from "@countersign/database";
import { eventLogMigrations, type EventLog, type PostgresEventLog } from "@countersign/event-log";
import { createTestEventLog } from "@countersign/event-log/testing";
import { ActionStatus, AfterReviewFinding } from "@countersign/proto/v1/action_pb";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { sql, type RawBuilder } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { approvalMigrations } from "./adapters/postgres/migrations.ts";
import { postgresOpenRequests } from "./adapters/postgres/open-request-table.ts";
import { countReviews, type ApprovalTables } from "./adapters/postgres/timer-table.ts";
import { startApproval } from "./app.ts";
import { forgedRows } from "./forged-rows.suite.ts";
import { ann, exporter, HOUR, MINUTE, principal, stage, T0, verdict, TERMS } from "./testing/fixtures.ts";
import { exportInput, shownOf, testApproval, type TestApproval } from "./testing/test-approval.ts";

let postgres: TestPostgres;
let database: Database;
const running: { close(): Promise<void> }[] = [];
let log: PostgresEventLog;
let ledgers = 0;

beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations, busMigrations, approvalMigrations]));
  database = openDatabase({ url: postgres.url });
});

beforeEach(() => {
  ledgers += 1;
  log = openLog();
});

afterEach(async () => {
  await closeAll();
  await log.close();
});

afterAll(async () => {
  await database.close();
  await postgres.drop();
});

function openLog(): PostgresEventLog {
  return createTestEventLog({ url: postgres.url, ledger: `test-${ledgers}` });
}

async function closeAll(): Promise<void> {
  for (const each of running.splice(0)) await each.close();
}

/** A whole instance: commands and timers. */
function instance(on: EventLog = log): Promise<TestApproval> {
  const feed: EventFeed = { subscribe: (listener) => on.onCommitted((events) => events.forEach((event) => listener(event))) };
  return testApproval(on, async (parts) => running.push(await startApproval({ ...parts, feed, database })));
}

async function timers(): Promise<readonly { kind: string; due_at: Date }[]> {
  const tables = database.kysely<ApprovalTables>();
  return tables.selectFrom("approval.timer").select(["kind", "due_at"]).where("ledger", "=", log.ledger).execute();
}

async function types(): Promise<readonly string[]> {
  return (await log.readAll({ from: 0, limit: 1000 })).map((event) => event.type);
}

// Keys are a tenant's own in the whole database, and all tests share the tenant.
const key = (name: string): string => `${name}-of-${ledgers}`;

async function request(world: TestApproval) {
  const { action, grantToken } = await world.call("RequestAction", { input: exportInput, idempotencyKey: key("request") });
  if (action === undefined) throw new Error("no action");
  return { action, redeem: { grantToken, digest: action.digest } };
}

describe("P2: on Postgres", () => {
  it("64 redeem at the same moment through two instances: exactly one may run it", async () => {
    const other = openLog();
    const worlds = await Promise.all([testApproval(log), testApproval(other)]);
    const { redeem } = await request(worlds[0]);
    const attempts = Array.from({ length: 64 }, (_, index) =>
      worlds[index % 2]!.call("RedeemGrant", { ...redeem, idempotencyKey: key(`r-${index}`) }),
    );
    const settled = await Promise.allSettled(attempts);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const reasons = settled.flatMap((each) =>
      each.status === "rejected" && each.reason instanceof CommandError ? [each.reason.reason] : [],
    );
    expect(reasons).toEqual(Array.from({ length: 63 }, () => "GRANT_REDEEMED"));
    expect((await types()).filter((type) => type === "GrantRedeemed")).toHaveLength(1);
    await other.close();
  });

  it("64 retries with one key get one receipt", async () => {
    const other = openLog();
    const worlds = await Promise.all([testApproval(log), testApproval(other)]);
    const { redeem } = await request(worlds[0]);
    const receipts = await Promise.all(
      Array.from({ length: 64 }, (_, index) => worlds[index % 2]!.call("RedeemGrant", { ...redeem, idempotencyKey: key("r") })),
    );
    for (const receipt of receipts) expect(receipt).toEqual(receipts[0]);
    expect(receipts[0]).toMatchObject({ version: 5n, position: 4n });
    await other.close();
  });

  it("P4: 32 requests with one key make one action", async () => {
    const other = openLog();
    const worlds = await Promise.all([testApproval(log), testApproval(other)]);
    const replies = await Promise.all(Array.from({ length: 32 }, (_, index) => request(worlds[index % 2]!)));
    for (const reply of replies) expect(reply).toEqual(replies[0]);
    expect(await log.nextPosition()).toBe(4);
    await other.close();
  });

  it("P5: a state that was folded from the log is the state that was kept in memory", async () => {
    const world = await testApproval(log);
    world.answer = verdict("review", { terms: { ...TERMS, editable: JSON.stringify({ limit: {} }) } });
    const { action } = await request(world);
    const shown = shownOf(action);
    const edit = { case: "edit", value: { properties: { table: "customers", limit: 3 }, reason: "fewer" } } as const;
    const { action: kept } = await world.call("SubmitVote", { ...shown, decision: edit }, ann);
    const fresh = await testApproval(log);
    expect((await fresh.call("WatchAction", { actionId: action.id })).action).toEqual(kept);
    // What is as new as the caller knows comes from memory.
    const { action: whole } = await world.call("GetAction", { actionId: action.id });
    expect((await fresh.call("GetAction", { actionId: action.id })).action).toEqual(whole);
  });
});

forgedRows(() => ({ url: postgres.url, database, log, openLog, key, request }));

describe("requests asked for again, on Postgres", () => {
  const ask = (world: TestApproval, name: string) => world.call("RequestAction", { input: ofOneRun, idempotencyKey: key(name) });
  const ofOneRun = { ...exportInput, context: { ...exportInput.context, run_id: "run-1" } };
  const openRequests = async () => {
    const { rows } = await sql<{ action_id: string }>`select action_id from approval.open_request where ledger = ${log.ledger}`.execute(
      database.kysely(),
    );
    return rows.map((row) => row.action_id);
  };

  it("P2: 16 at the same moment through two instances join one review, and one grant is issued", async () => {
    const worlds = await Promise.all([instance(), instance()]);
    for (const world of worlds) world.answer = verdict("review");
    const replies = await Promise.all(Array.from({ length: 16 }, (_, index) => ask(worlds[index % 2]!, `again-${index}`)));
    const [first] = replies;
    expect(new Set(replies.map(({ action }) => action?.id)).size).toBe(1);
    const shown = shownOf(first!.action!);
    await Promise.all(
      worlds.map((world) => world.call("SubmitVote", { ...shown, decision: { case: "approve", value: { reason: "" } } }, ann)),
    );
    const seen = await types();
    expect(seen.filter((type) => type === "ReviewJoined")).toHaveLength(15);
    expect(seen.filter((type) => type === "GrantIssued")).toHaveLength(1);
    await vi.waitFor(async () => expect(await openRequests()).toEqual([]), 20_000);
    expect((await ask(worlds[1], "later")).action?.id).not.toBe(first!.action!.id);
  });

  it("16 that want to hold 4 requests at the same moment, through two instances: each has one holder, and only its own is replaced", async () => {
    const instances = [0, 1].map(() => postgresOpenRequests(database.kysely<ApprovalTables>(), log.ledger));
    const hold = (index: number, asked: number, instead?: string) =>
      instances[index % 2]!.hold({ tenant: "acme", fingerprint: `request ${asked}` }, `action ${index}`, instead);
    const holders = await Promise.all(Array.from({ length: 16 }, (_, index) => hold(index, index >> 2)));
    const [first, second] = [0, 1, 2, 3].map((asked) => new Set(holders.slice(asked * 4, asked * 4 + 4)));
    expect([...(await openRequests())].sort()).toEqual([...new Set(holders)].sort());
    expect(new Set(holders).size).toBe(4);
    const [old = ""] = first!;
    expect(await Promise.all([hold(16, 0, old), hold(18, 1), hold(20, 0)])).toEqual(["action 16", ...second!, "action 16"]);
  });

  it("a review that is held past its deadline is still joined, and a retry of an old request leaves nothing behind", async () => {
    const world = await instance();
    world.answer = verdict("review", { stages: [stage(["oncall"], 1, { onTimeout: "hold" })] });
    const { action } = await ask(world, "first");
    await vi.waitFor(async () => expect(await timers()).toHaveLength(1), 20_000);
    world.now += HOUR;
    await vi.waitFor(async () => expect(await timers()).toEqual([]), 20_000);
    expect((await ask(world, "second")).action).toMatchObject({ id: action?.id, review: { asked: 2 } });
    await world.call("CancelAction", { actionId: action?.id ?? "" });
    await vi.waitFor(async () => expect(await openRequests()).toEqual([]), 20_000);
    expect((await ask(world, "second")).action).toMatchObject({ id: action?.id, status: ActionStatus.IN_REVIEW });
    expect(await openRequests()).toEqual([]);
  });

  it("a review that an edit ended leaves nothing behind", async () => {
    const world = await instance();
    world.answer = verdict("review", { terms: { ...TERMS, editable: JSON.stringify({ limit: {} }) } });
    const { action } = await ask(world, "edited");
    if (action === undefined) throw new Error("no action");
    world.answer = verdict("deny");
    const edit = { case: "edit", value: { properties: { table: "customers", limit: 3 }, reason: "fewer" } } as const;
    const { action: denied } = await world.call("SubmitVote", { ...shownOf(action), decision: edit }, ann);
    expect(denied?.status).toBe(ActionStatus.DENIED);
    await vi.waitFor(async () => expect(await openRequests()).toEqual([]), 20_000);
  });
});

describe("timers", () => {
  it("expire a review once, whichever instance fires them, and leave nothing behind", async () => {
    const worlds = await Promise.all([instance(), instance()]);
    worlds[0].answer = verdict("review");
    await request(worlds[0]);
    await vi.waitFor(async () => expect(await timers()).toEqual([{ kind: "tend_review", due_at: new Date(T0 + HOUR) }]), 30_000);
    const tables = database.kysely<ApprovalTables>();
    expect([await countReviews(tables, log.ledger, exporter.tenant), await countReviews(tables, log.ledger, "globex")]).toEqual([1, 0]);
    for (const world of worlds) world.now += HOUR;
    await vi.waitFor(async () => expect(await types()).toContain("ActionExpired"), 30_000);
    await vi.waitFor(async () => expect(await timers()).toEqual([]), 30_000);
    expect((await types()).filter((type) => type === "ActionExpired")).toHaveLength(1);
  });

  it("P4: survive a restart", async () => {
    const world = await instance();
    const { redeem } = await request(world);
    await vi.waitFor(async () => expect(await timers()).toMatchObject([{ kind: "expire_grant" }]), 30_000);
    await world.call("RedeemGrant", { ...redeem, idempotencyKey: key("r") });
    await closeAll();
    const again = await instance();
    await vi.waitFor(async () => expect(await timers()).toMatchObject([{ kind: "mark_unreported" }]), 30_000);
    again.now += HOUR;
    await vi.waitFor(async () => expect((await types()).at(-1)).toBe("ExecutionUnreported"), 30_000);
    await vi.waitFor(async () => expect(await timers()).toEqual([]), 30_000);
  });

  it("remind of an after-review beside the action's own timer, until it is closed", async () => {
    const world = await instance();
    const breakGlass = { groups: ["security"], requester: false };
    world.answer = verdict("review", { stages: [stage(["oncall"])], terms: { ...TERMS, breakGlass } });
    const { action } = await request(world);
    const eve = principal("eve", { groups: ["security"], signIn: "mfa" });
    await world.call("BreakGlass", { ...shownOf(action), reason: "nobody answers, and it burns" }, eve);
    const kinds = async () => (await timers()).map(({ kind }) => kind).toSorted();
    await vi.waitFor(async () => expect(await kinds()).toEqual(["expire_grant", "remind_after_review"]), 30_000);
    world.now += 24 * HOUR;
    await vi.waitFor(async () => expect(await types()).toEqual(expect.arrayContaining(["GrantExpired", "AfterReviewReminded"])), 30_000);
    const again = { kind: "remind_after_review", due_at: new Date(T0 + 48 * HOUR) };
    await vi.waitFor(async () => expect(await timers()).toEqual([again]), 30_000);
    await world.call("CloseAfterReview", { actionId: action.id, finding: AfterReviewFinding.JUSTIFIED, reason: "it burned" }, ann);
    await vi.waitFor(async () => expect(await timers()).toEqual([]), 30_000);
  });

  it("P7: keep asking a policy that does not answer, and go on when it does", async () => {
    const world = await instance();
    world.answer = undefined;
    await request(world);
    await vi.waitFor(async () => expect(await timers()).toMatchObject([{ kind: "verdict_retry" }]), 30_000);
    const asked = world.questions.length;
    world.now += 2_000;
    await vi.waitFor(() => expect(world.questions.length).toBeGreaterThan(asked), 30_000);
    world.answer = verdict("deny");
    await vi.waitFor(async () => expect(await types()).toEqual(["ActionRequested", "VerdictReached"]), 30_000);
    await vi.waitFor(async () => expect(await timers()).toEqual([]), 30_000);
  });

  it("are taken over when the instance that claimed them died", async () => {
    const world = await instance();
    await request(world);
    await vi.waitFor(async () => expect(await timers()).toHaveLength(1), 30_000);
    const claim = (until: RawBuilder<unknown>) =>
      sql`update approval.timer set claimed_until = ${until} where ledger = ${log.ledger}`.execute(database.kysely());
    await claim(sql`now() + interval '55 seconds'`);
    // Another one is due at the same time, and nobody has claimed it.
    await world.call("RequestAction", { input: exportInput, idempotencyKey: key("other") });
    await vi.waitFor(async () => expect(await timers()).toHaveLength(2), 30_000);
    const expired = async () => (await types()).filter((type) => type === "GrantExpired").length;
    world.now += 5 * MINUTE;
    await vi.waitFor(async () => expect(await timers()).toHaveLength(1), 30_000);
    expect(await expired()).toBe(1);
    await claim(sql`now() - interval '1 second'`);
    await vi.waitFor(async () => expect(await expired()).toBe(2), 30_000);
  });
});
