import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { CommandHandler } from "@countersign/bus";
import type { DirectoryClient, Person, Resolved } from "@countersign/directory-client";
import { samplePerson } from "@countersign/directory-client/testing";
import { migrate, openDatabase, type Database } from "@countersign/database";
import type { EventLog, NewEvent } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import {
  ActionStatus,
  type ReviewerSelector,
  type Stage,
  type StageSchema,
  VerdictOutcome,
  VoteDecision,
} from "@countersign/proto/v1/action_pb";
import { ListActionsRequestSchema, ListActionsResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { ClaimFilter, ListReviewsRequestSchema, ListReviewsResponseSchema } from "@countersign/proto/v1/review_service_pb";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { sql, type Kysely } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditMigrations } from "../../migrations.ts";
import { actionsProjection } from "../../projections/actions/index.ts";
import { call, caller, type CallerInit } from "../../testing/calls.ts";
import { agent, event, EVENTS, person, record, reference, START, stage } from "../../testing/events.ts";
import { toFact } from "../events/to-fact.ts";
import { listActions, listReviews } from "./lists.ts";

const ACTIONS = [ListActionsRequestSchema, ListActionsResponseSchema] as const;
const REVIEWS = [ListReviewsRequestSchema, ListReviewsResponseSchema] as const;

let postgres: TestPostgres;
let pool: Database;
let database: Kysely<unknown>;
let log: EventLog;
let actions: CommandHandler;
let reviews: CommandHandler;
beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [auditMigrations]));
  pool = openDatabase({ url: postgres.url });
  database = pool.kysely<unknown>();
});
beforeEach(async () => {
  await sql`truncate audit.action_v1`.execute(database);
  [known, questions] = [{ managed: false }, []];
  now = 0;
  log = createMemoryEventLog({ ledger: "main" });
  const parts = { log, database, reached: async () => {} };
  [actions, reviews] = [listActions(parts), listReviews({ ...parts, directory, clock: () => new Date(START + now) })];
});
afterAll(async () => {
  await pool.close();
  await postgres.drop();
});

/** Milliseconds since the first event. */
let now = 0;

/** Who the caller is, by the directory, and the times that it was asked for. */
let known: Resolved;
let questions: Date[];
const directory: Pick<DirectoryClient, "resolvePerson"> = {
  resolvePerson: async (_tenant, _who, at) => {
    questions.push(at);
    return known;
  },
};

const idOf = (number: number): string => `018f0000-0000-7000-8000-${String(number).padStart(12, "0")}`;

/** Records the events of action `number` and brings the table up to date. */
async function given(number: number, events: readonly NewEvent[], tenant = "acme"): Promise<void> {
  const version = (await log.readStream({ tenant, type: "action", id: idOf(number) })).length;
  expect(
    await actionsProjection(toFact).project(await record(log, { tenant, id: idOf(number), version }, events), database, "action"),
  ).toEqual([]);
}

const inReview = (requester: Parameters<typeof EVENTS.requested>[0] = agent("exporter", "olga"), minutes = 60): readonly NewEvent[] => [
  EVENTS.requested(requester),
  EVENTS.verdict(VerdictOutcome.REVIEW),
  EVENTS.opened([stage(["dba", "sre"], 2, "owners"), stage(["security"], 1, "security")], timestampFromMs(START + minutes * 60_000)),
];
const denied = [EVENTS.requested(agent("dropper"), "db.drop"), EVENTS.verdict(VerdictOutcome.DENY)];

const listed = async (body: MessageInitShape<typeof ListActionsRequestSchema> = {}, who?: CallerInit): Promise<readonly string[]> =>
  (await call(actions, ACTIONS, body, who)).actions.map((action) => action.id);
const toReview = async (who?: CallerInit, all = false): Promise<readonly string[]> =>
  (await call(reviews, REVIEWS, { all }, who)).reviews.map((review) => review.id);

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

describe("ListReviews", () => {
  it("lists the oldest deadline first, in pages", async () => {
    await given(1, inReview(undefined, 60));
    await given(2, inReview(undefined, 30));
    await given(3, inReview(undefined, 60));
    await given(4, denied);
    const first = await call(reviews, REVIEWS, { pageSize: 2 });
    const second = await call(reviews, REVIEWS, { pageSize: 2, pageToken: first.nextPageToken });
    expect([first, second].map((page) => page.reviews.map(({ id }) => id))).toEqual([[idOf(2), idOf(1)], [idOf(3)]]);
    expect(second.nextPageToken).toBe("");
  });

  it("P3: leaves out what the caller may not decide, unless it asks for all", async () => {
    await given(1, inReview(person("ann")));
    await given(2, inReview(agent("exporter", "ann")));
    await given(3, inReview({ ...agent("exporter"), chain: [reference("ann")] }));
    await given(4, [...inReview(), EVENTS.edited("ann"), EVENTS.verdict(VerdictOutcome.REVIEW), EVENTS.opened()]);
    await given(5, [...inReview(), EVENTS.voted("ann")]);
    await given(6, [...inReview(), EVENTS.voted("ben"), EVENTS.voted("cyd"), EVENTS.stageOpened(1)]);
    await given(7, inReview());
    expect(await toReview()).toEqual([idOf(7)]);
    expect(await toReview(undefined, true)).toHaveLength(7);
    expect(await toReview(caller({ groups: ["security"] }))).toEqual([idOf(6)]);
    expect(await toReview(caller({ groups: ["everybody"] }))).toEqual([]);
    expect(await toReview(caller({ groups: [] }))).toEqual([]);
  });

  it("P3: shows nothing to decide to agents, services and humans who act through others", async () => {
    await given(1, inReview());
    expect(await toReview(caller({ type: PrincipalType.AGENT }))).toEqual([]);
    expect(await toReview(caller({ type: PrincipalType.SERVICE }))).toEqual([]);
    expect(await toReview(caller({ type: PrincipalType.UNSPECIFIED }))).toEqual([]);
    expect(await toReview(caller({ chain: [reference("copilot")] }))).toEqual([]);
  });

  it("lists what nobody is looking at, and what the caller is, as it is at that moment", async () => {
    const filtered = async (claim: ClaimFilter, who?: CallerInit): Promise<readonly string[]> =>
      (await call(reviews, REVIEWS, { claim, all: true }, who)).reviews.map(({ id }) => id);
    await given(1, [...inReview(), EVENTS.claimed("ann", timestampFromMs(START + 1000))]);
    await given(2, [...inReview(), EVENTS.claimed("ben", timestampFromMs(START + 1000))]);
    await given(3, inReview());
    await given(4, [...inReview(), EVENTS.claimed("ann", timestampFromMs(START + 1000)), EVENTS.released("ann")]);
    await given(5, [...inReview(), EVENTS.claimed("ann", timestampFromMs(START + 1000)), EVENTS.voted("ann")]);
    now = 999;
    expect(await filtered(ClaimFilter.MINE)).toEqual([idOf(1)]);
    expect(await filtered(ClaimFilter.UNCLAIMED)).toEqual([idOf(3), idOf(4), idOf(5)]);
    expect(await filtered(ClaimFilter.MINE, caller({ tenant: "globex" }))).toEqual([]);
    now = 1000;
    expect(await filtered(ClaimFilter.MINE)).toEqual([]);
    expect(await filtered(ClaimFilter.UNCLAIMED)).toHaveLength(5);
    const [claimed] = (await call(reviews, REVIEWS, { all: true })).reviews;
    expect(claimed).toMatchObject({ claimedBy: { id: "ann", type: "human" }, claimExpireTime: "2026-01-01T00:00:01.000Z" });
  });

  it("P3: asks by person, shift, manager, escalation, stand-in and confirmation, with one question to the directory; also in the past", async () => {
    const asking = (who: ReviewerSelector["who"], more: MessageInitShape<typeof StageSchema> = {}): readonly NewEvent[] => {
      const quorum = { rule: { case: "atLeast", value: { count: 1, of: [{ who }] } } } as const;
      return [
        EVENTS.requested(agent("exporter", "olga")),
        EVENTS.verdict(VerdictOutcome.REVIEW),
        EVENTS.opened([{ ...stage([]), quorum, ...more } as Stage]),
      ];
    };
    const escalation = { afterSeconds: 1, to: [{ who: { case: "group", value: "leads" } as const }] };
    const recorded: readonly (readonly NewEvent[])[] = [
      asking({ case: "person", value: "0193" }),
      asking({ case: "person", value: "https://idp.test#ann" }),
      asking({ case: "onCall", value: "primary" }),
      asking({ case: "requesterManager", value: true }),
      [...asking({ case: "group", value: "dba" }, { escalation }), event("ReviewEscalated", { stage: 0 })],
      asking({ case: "group", value: "security" }),
    ];
    for (const [index, events] of recorded.entries()) await given(index + 1, events);
    const end = { moment: { case: "position", value: BigInt(await log.nextPosition()) - 1n } } as const;
    const olga = reference("olga");
    const bea = { personId: "0194", groups: [], untilMs: 0, principals: [reference("bea")], effectiveGroups: ["security"] };
    const rows: readonly (readonly [Partial<Person>, readonly number[]])[] = [
      [{ id: "0193" }, [1, 2]],
      [{ onCall: ["primary"] }, [2, 3]],
      [{ onCall: ["secondary"] }, [2]],
      [{ reports: [olga] }, [2, 4]],
      [{ groups: ["leads"] }, [2, 5]],
      [{ standsInFor: [bea] }, [2, 6]],
      [{ standsInFor: [{ ...bea, principals: [olga] }] }, [2]],
      [{ groups: ["security"], principals: [olga] }, []],
      [{ id: "0193", active: false }, []],
    ];
    for (const [who, expected] of rows) {
      known = { managed: true, person: samplePerson(who) };
      questions = [];
      expect(await toReview(), JSON.stringify(who)).toEqual(expected.map(idOf));
      expect(questions).toHaveLength(1);
      const past = await call(reviews, REVIEWS, { at: end });
      expect(
        past.reviews.map(({ id }) => id),
        JSON.stringify(who),
      ).toEqual(expected.map(idOf));
    }
  });

  it("shows it again when a vote has lapsed, and no more when the review is over", async () => {
    await given(1, [...inReview(), EVENTS.voted("ann")]);
    expect(await toReview()).toEqual([]);
    await given(1, [EVENTS.edited("ben"), EVENTS.lapsed("ann"), EVENTS.verdict(VerdictOutcome.REVIEW), EVENTS.opened()]);
    expect(await toReview()).toEqual([idOf(1)]);
    await given(1, [EVENTS.voted("cyd", VoteDecision.REJECT), EVENTS.rejected()]);
    expect(await toReview(undefined, true)).toEqual([]);
  });
});

describe("P8: another tenant's actions", () => {
  it("never show, also under the same id", async () => {
    await given(1, inReview(agent("theirs")), "globex");
    await given(1, denied);
    await given(2, inReview(), "globex");
    expect((await call(actions, ACTIONS, {})).actions.map(({ status }) => status)).toEqual([ActionStatus.DENIED]);
    expect(await toReview(undefined, true)).toEqual([]);
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

describe("P5: lists at a moment", () => {
  const at = (position: number) => ({ moment: { case: "position", value: BigInt(position) } }) as const;
  const statuses = async (body: MessageInitShape<typeof ListActionsRequestSchema>, who?: CallerInit) =>
    (await call(actions, ACTIONS, body, who)).actions.map(({ id, status, version }) => [id.slice(-1), status, Number(version)]);

  it("are what they were after the event at a position", async () => {
    await given(1, inReview());
    await given(2, denied);
    await given(1, [EVENTS.voted("ben"), EVENTS.rejected()]);
    expect(await statuses({ at: at(0) })).toEqual([["1", ActionStatus.REQUESTED, 1]]);
    expect(await statuses({ at: at(3) })).toEqual([
      ["2", ActionStatus.REQUESTED, 1],
      ["1", ActionStatus.IN_REVIEW, 3],
    ]);
    expect(await statuses({ at: at(6) })).toEqual(await statuses({}));
    expect(await statuses({ at: at(99) })).toEqual(await statuses({}));
    expect(await statuses({ at: at(5), statuses: [ActionStatus.IN_REVIEW] })).toEqual([["1", ActionStatus.IN_REVIEW, 4]]);
    expect(await statuses({ at: at(6), statuses: [ActionStatus.IN_REVIEW] })).toEqual([]);
    expect((await call(reviews, REVIEWS, { at: at(2) })).reviews.map(({ id }) => id)).toEqual([idOf(1)]);
    expect((await call(reviews, REVIEWS, { at: at(5) }, caller({ id: "ben" }))).reviews).toEqual([]);
    expect((await call(reviews, REVIEWS, { at: at(5), all: true }, caller({ id: "ben" }))).reviews).toHaveLength(1);
    expect((await call(reviews, REVIEWS, { at: at(6), all: true })).reviews).toEqual([]);
  });

  it("are what they were at a time", async () => {
    await given(1, inReview());
    await given(1, [EVENTS.voted("ben")]);
    const time = (ms: number) => ({ moment: { case: "time", value: timestampFromMs(ms) } }) as const;
    expect(await statuses({ at: time(START - 1) })).toEqual([]);
    expect(await statuses({ at: time(START) })).toEqual([["1", ActionStatus.IN_REVIEW, 3]]);
    expect(await statuses({ at: time(START + 3000) })).toEqual([["1", ActionStatus.IN_REVIEW, 4]]);
  });

  it("come in pages that neither skip nor repeat, each token for its own moment", async () => {
    for (let number = 0; number < 7; number += 1) await given(number, number % 2 === 0 ? inReview() : denied);
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await call(actions, ACTIONS, { at: at(10), pageSize: 2, pageToken });
      seen.push(...page.actions.map(({ id }) => id.slice(-1)));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual(["4", "3", "2", "1", "0"]);
    const first = await call(actions, ACTIONS, { at: at(10), pageSize: 2 });
    await expect(statuses({ at: at(11), pageSize: 2, pageToken: first.nextPageToken })).rejects.toMatchObject({
      violations: [{ field: "page_token" }],
    });
  });

  it("P8: show a requester its own and a tenant its own", async () => {
    await given(1, inReview());
    await given(2, inReview(), "globex");
    expect(await statuses({ at: at(5) })).toEqual([["1", ActionStatus.IN_REVIEW, 3]]);
    expect(await statuses({ at: at(5) }, caller({ id: "stranger", roles: ["requester"] }))).toEqual([]);
    await expect(statuses({ at: {} })).rejects.toMatchObject({ violations: [{ field: "at" }] });
  });

  it("P7: reviews of the past are refused rather than cut when they do not fit", async () => {
    await given(1, inReview());
    await given(2, inReview());
    await expect(call(reviews, REVIEWS, { at: at(5), pageSize: 1 })).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "TOO_LARGE",
    });
  });
});
