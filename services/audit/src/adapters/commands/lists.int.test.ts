import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { CommandHandler } from "@countersign/bus";
import type { DirectoryClient } from "@countersign/directory-client";
import type { EventLog, NewEvent } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import type { ListActionsRequestSchema } from "@countersign/proto/v1/action_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { sql, type Kysely } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { actionsProjection } from "../../projections/actions/index.ts";
import { auditDatabase, type AuditDatabase } from "../../testing/audit-database.ts";
import { call, caller, type CallerInit } from "../../testing/calls.ts";
import { agent, EVENTS, record, reference, START } from "../../testing/events.ts";
import { ACTIONS, type Around, denied, idOf, inReview, REVIEWS } from "../../testing/listed-actions.ts";
import { toFact } from "../events/to-fact.ts";
import { listedReviews } from "./listed-reviews.suite.ts";
import { listActions, listReviews } from "./lists.ts";
import { pastLists } from "./past-lists.suite.ts";

let postgres: AuditDatabase;
let database: Kysely<unknown>;
let log: EventLog;
let actions: CommandHandler;
let reviews: CommandHandler;
let around: Around;
const directory: Pick<DirectoryClient, "resolvePerson"> = {
  resolvePerson: async (_tenant, _who, at) => {
    around.questions.push(at);
    return around.known;
  },
};
beforeAll(async () => {
  postgres = await auditDatabase();
  ({ database } = postgres);
});
beforeEach(async () => {
  await sql`truncate audit.action_v1`.execute(database);
  around = { now: 0, known: { managed: false }, questions: [] };
  log = createMemoryEventLog({ ledger: "main" });
  const parts = { log, database, reached: async () => {} };
  [actions, reviews] = [listActions(parts), listReviews({ ...parts, directory, clock: () => new Date(START + around.now) })];
});
afterAll(() => postgres.close());

/** Records the events of action `number` and brings the table up to date. */
async function given(number: number, events: readonly NewEvent[], tenant = "acme"): Promise<void> {
  const version = (await log.readStream({ tenant, type: "action", id: idOf(number) })).length;
  expect(
    await actionsProjection(toFact).project(await record(log, { tenant, id: idOf(number), version }, events), database, "action"),
  ).toEqual([]);
}

const listed = async (body: MessageInitShape<typeof ListActionsRequestSchema> = {}, who?: CallerInit): Promise<readonly string[]> =>
  (await call(actions, ACTIONS, body, who)).actions.map((action) => action.id);

describe("ListActions", () => {
  it("shows what the log itself says", async () => {
    await given(1, [...inReview(), EVENTS.voted("ben")]);
    expect((await call(actions, ACTIONS, {})).actions).toMatchObject([
      {
        id: idOf(1),
        status: ActionStatus.IN_REVIEW,
        version: 4n,
        actionName: "db.export",
        resourceType: "db",
        resourceId: "crm",
        requester: { issuer: "https://idp.test", id: "exporter", type: "agent" },
        requestTime: "2026-01-01T00:00:00.000Z",
        updateTime: "2026-01-01T00:00:00.000Z",
        reviewDeadline: "2026-01-01T01:00:00.000Z",
        reviewGroups: ["dba", "sre"],
        approvals: 1,
        quorum: "2 of dba, sre",
      },
    ]);
  });

  it("lists the newest first and filters by status and name", async () => {
    await given(1, inReview());
    await given(2, denied);
    await given(3, inReview());
    await given(1, [EVENTS.voted("ben")]);
    expect(await listed()).toEqual([idOf(3), idOf(2), idOf(1)]);
    expect(await listed({ statuses: [ActionStatus.DENIED, ActionStatus.DENIED] })).toEqual([idOf(2)]);
    expect(await listed({ statuses: [ActionStatus.DENIED, ActionStatus.IN_REVIEW], actionName: "db.export" })).toEqual([idOf(3), idOf(1)]);
    expect(await listed({ actionName: "db.nothing" })).toEqual([]);
  });

  it("pages without repeating or skipping while actions move on", async () => {
    for (let number = 1; number <= 5; number += 1) await given(number, inReview());
    const first = await call(actions, ACTIONS, { pageSize: 2 });
    await given(6, inReview());
    await given(3, [EVENTS.expired()]);
    const second = await call(actions, ACTIONS, { pageSize: 2, pageToken: first.nextPageToken });
    const third = await call(actions, ACTIONS, { pageSize: 2, pageToken: second.nextPageToken });
    expect([first, second, third].map((page) => page.actions.map(({ id }) => id))).toEqual([
      [idOf(5), idOf(4)],
      [idOf(3), idOf(2)],
      [idOf(1)],
    ]);
    expect(third.nextPageToken).toBe("");
  });

  it("refuses a token of another filter, tenant or view, and garbage", async () => {
    for (let number = 1; number <= 2; number += 1) await given(number, inReview());
    const { nextPageToken: pageToken } = await call(actions, ACTIONS, { pageSize: 1 });
    const refused = { code: "INVALID_ARGUMENT", reason: "FIELD_VIOLATION", violations: [{ field: "page_token" }] };
    await expect(call(actions, ACTIONS, { pageToken, actionName: "db.drop" })).rejects.toMatchObject(refused);
    await expect(call(actions, ACTIONS, { pageToken }, caller({ tenant: "globex" }))).rejects.toMatchObject(refused);
    await expect(call(actions, ACTIONS, { pageToken }, caller({ roles: ["requester"] }))).rejects.toMatchObject(refused);
    await expect(call(actions, ACTIONS, { pageToken: "garbage" })).rejects.toMatchObject(refused);
    await expect(call(reviews, REVIEWS, { pageToken, all: true })).rejects.toMatchObject(refused);
  });

  it.each<[string, MessageInitShape<typeof ListActionsRequestSchema>]>([
    ["page_size", { pageSize: 201 }],
    ["page_size", { pageSize: -1 }],
    ["statuses[1]", { statuses: [ActionStatus.DENIED, ActionStatus.UNSPECIFIED] }],
    ["statuses[0]", { statuses: [99 as ActionStatus] }],
    ["action_name", { actionName: "a".repeat(129) }],
    ["action_name", { actionName: "a\0b" }],
  ])("refuses a bad %s", async (field, body) => {
    await expect(call(actions, ACTIONS, body)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field }] });
  });

  it("refuses bytes that are no request, and a command of nobody", async () => {
    const request = Uint8Array.of(0xff, 0xff);
    await expect(actions(create(CommandSchema, { caller: caller(), request }))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "MALFORMED",
    });
    await expect(actions(create(CommandSchema, {}))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("shows a mere requester its own only", async () => {
    await given(1, inReview());
    await given(2, inReview(agent("other")));
    const exporter = caller({ ...reference("exporter"), type: PrincipalType.AGENT, roles: ["requester"] });
    expect(await listed({}, exporter)).toEqual([idOf(1)]);
    expect(await listed({}, { ...exporter, issuer: "https://elsewhere.test" })).toEqual([]);
    expect(await listed({}, { ...exporter, roles: [] })).toEqual([idOf(1)]);
    expect(await listed({}, { ...exporter, roles: ["requester", "auditor"] })).toEqual([idOf(2), idOf(1)]);
  });

  it("P8: shows a bot that acts for Bob nothing of what it asked for Ann, now and in the past", async () => {
    await given(1, inReview({ ...agent("exporter"), chain: [reference("ann")] }));
    const acting = (...chain: string[]) =>
      caller({ ...reference("exporter"), type: PrincipalType.AGENT, roles: ["requester"], chain: chain.map(reference) });
    const past = { at: { moment: { case: "position", value: 5n } } } as const;
    for (const body of [{}, past]) {
      expect(await listed(body, acting("ann"))).toEqual([idOf(1)]);
      for (const other of [acting("bob"), acting(), acting("ann", "bob")]) expect(await listed(body, other)).toEqual([]);
    }
  });
});

listedReviews(() => ({ reviews, log, around, given }));

describe("P8: another tenant's actions", () => {
  it("never show, also under the same id", async () => {
    await given(1, inReview(agent("theirs")), "globex");
    await given(1, denied);
    await given(2, inReview(), "globex");
    expect((await call(actions, ACTIONS, {})).actions.map(({ status }) => status)).toEqual([ActionStatus.DENIED]);
    expect((await call(reviews, REVIEWS, { all: true })).reviews).toEqual([]);
    expect(await listed({}, caller({ tenant: "initech" }))).toEqual([]);
    expect(await listed({}, caller({ tenant: "globex" }))).toEqual([idOf(2), idOf(1)]);
  });
});

describe("plans", () => {
  it("finds pages and reviews through an index", async () => {
    await sql`insert into audit.action select 'acme', 'id' || n, n, 1, case when n % 50 = 0 then 'IN_REVIEW' else 'SUCCEEDED' end, 'db.export', 'r' || n % 100, n % 50 = 0, n, '{group dba}', '{}', '{}'
      from generate_series(1, 20000) n`.execute(database);
    await sql`vacuum analyze audit.action_v1`.execute(database);
    const plan = async (query: ReturnType<typeof sql>): Promise<string> => {
      const { rows } = await sql<{ "QUERY PLAN": string }>`explain ${query}`.execute(database);
      return rows.map((row) => row["QUERY PLAN"]).join("\n");
    };
    const columns = sql`select action_id, state from audit.action where tenant = 'acme'`;
    expect(await plan(sql`${columns} and request_position < 9000 order by request_position desc limit 51`)).toContain("action_v1_newest");
    expect(await plan(sql`${columns} and requester = 'r7' order by request_position desc limit 51`)).toContain("action_v1_own");
    expect(
      await plan(sql`${columns} and waits and (review_deadline, request_position) > (5::bigint, 5::bigint)
        and (false or (asks && '{group dba}' and not barred && '{me}')) order by review_deadline, request_position limit 51`),
    ).toContain("action_v1_reviews");
  });
});

pastLists(() => ({ actions, reviews, given }));
