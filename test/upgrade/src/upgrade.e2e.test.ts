import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { statusName, type CountersignClient } from "@countersign/client";
import { approve, refusal, shownTo } from "@countersign/client/testing";
import { migrate } from "@countersign/database";
import { EVENT_SCHEMAS } from "@countersign/events";
import { verifyFile } from "@countersign/evidence";
import { ALL_MIGRATIONS } from "@countersign/server";
import { silentLogger, type Logger } from "@countersign/telemetry";
import { freePort, testNats, testPostgres, type TestNats, type TestPostgres } from "@countersign/testing";
import { appendLeaves, EMPTY_RANGE, openCheckpoint, parseVerifierKey, rootHash } from "@countersign/tlog";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ARCHIVE, readBaseline, readMigrations, restoreDatabase, restoreFolder, textsOf } from "./baseline.ts";
import { brokenMigrations } from "./kept-migrations.ts";
import { becomeNewer, becomeOlder, newerBuildAppends, OF_A_LATER_VERSION } from "./older-build.ts";
import { startBuild, type RunningBuild } from "./running-build.ts";
import { eventually, input } from "./scenes.ts";
import { settableDate } from "./settable-date.ts";
import { shapeOf } from "./shape-of.ts";
import { exportArchive, sealed } from "./story-of-operations.ts";
import { typesOf } from "./story.ts";

const baseline = readBaseline();
const { openEnds } = baseline;
const SCHEMAS = ALL_MIGRATIONS.map(({ schema }) => schema);
const folder = mkdtempSync(join(tmpdir(), "countersign-upgrade-"));
const clock = settableDate();
const logged: object[] = [];
const logger: Logger = { ...silentLogger, warn: (fields) => logged.push(fields), child: () => logger };
let postgres: TestPostgres;
let nats: TestNats;
let build: RunningBuild;
let agent: CountersignClient;

beforeAll(async () => {
  postgres = await testPostgres();
  await restoreDatabase(postgres.url);
  await migrate(postgres.url, ALL_MIGRATIONS);
  restoreFolder(folder);
  clock.set(new Date(baseline.time));
  nats = await testNats();
  build = await start();
  agent = await build.as("crm-agent");
});
afterAll(async () => {
  await build.close();
  clock.restore();
  await postgres.drop();
  rmSync(folder, { recursive: true, force: true });
});

const start = async (): Promise<RunningBuild> =>
  startBuild({ databaseUrl: postgres.url, nats, folder, logger, scimPort: await freePort() });

const statusOf = async (actionId: string): Promise<string> => statusName((await agent.actions.getAction({ actionId })).action?.status ?? 0);

/** Uses the grant of an approved action, once. */
async function use(actionId: string): Promise<void> {
  const { action, grantToken } = await agent.waitForDecision(actionId);
  await agent.redeem(grantToken, action.digest);
  expect(await refusal(agent.redeem(grantToken, action.digest))).toBe("FAILED_PRECONDITION GRANT_REDEEMED");
  await agent.report(actionId, { outcome: "succeeded" });
  expect(await statusOf(actionId)).toBe("SUCCEEDED");
}

describe("P4: migrations that a release had", () => {
  it("stay as they were, word by word and in their order", () => {
    expect(brokenMigrations(readMigrations(), textsOf(ALL_MIGRATIONS))).toEqual([]);
  });

  it.each<[string, Record<string, string>, string[]]>([
    ["a later one is added", { a: "1", b: "2", c: "3" }, []],
    ["one is edited", { a: "1", b: "other" }, ["s b was edited"]],
    ["one is gone", { b: "2" }, ["s a is gone", "s b has another place"]],
    ["one comes between", { a: "1", aa: "3", b: "2" }, ["s b has another place"]],
  ])("%s", (_what, now, expected) => {
    expect(brokenMigrations({ s: { a: "1", b: "2" } }, { s: now }).map((line) => line.split(":")[0])).toEqual(expected);
  });
});

describe("what an earlier build left", () => {
  it("is in tables that are those of a new database", async () => {
    const fresh = await testPostgres((url) => migrate(url, ALL_MIGRATIONS));
    expect(await shapeOf(postgres.url, SCHEMAS)).toEqual(await shapeOf(fresh.url, SCHEMAS));
    await fresh.drop();
  });

  it("P4: has only events that this build knows", async () => {
    const known = new Set(Object.keys(EVENT_SCHEMAS));
    expect([...(await typesOf(build))].filter((type) => !known.has(type))).toEqual([]);
  });

  it("P6: verifies, archive and all", async () => {
    expect(await verified(ARCHIVE)).toContain("no flaw");
  });
});

describe("P1, P2: actions of an earlier build go on to their end", () => {
  it("requested, and policy was silent: it gets its verdict", async () => {
    await use(openEnds.requested);
  });

  it("in review: it is approved, and its grant works once", async () => {
    await approve(await build.as("data-owner"), openEnds.inReview);
    await use(openEnds.inReview);
  });

  it("half approved: the vote of then counts", async () => {
    await approve(await build.as("security-lead"), openEnds.halfApproved);
    await use(openEnds.halfApproved);
  });

  it("approved: the grant of then works once", async () => {
    await use(openEnds.approved);
  });

  it("redeemed: never again, and its report is taken", async () => {
    const { grantToken } = await agent.actions.getAction({ actionId: openEnds.redeemed });
    expect(grantToken).toBe("");
    await agent.report(openEnds.redeemed, { outcome: "succeeded" });
    expect(await statusOf(openEnds.redeemed)).toBe("SUCCEEDED");
  });

  it("reported: another report is refused", async () => {
    expect(await refusal(agent.report(openEnds.reported, { outcome: "failed" }))).toBe("FAILED_PRECONDITION REPORT_CONFLICT");
  });

  it("P4: a request that was acknowledged is answered the same", async () => {
    const { key, input: asked, actionId } = openEnds.repeated;
    expect((await agent.requestAction(asked, { idempotencyKey: key })).action.id).toBe(actionId);
    const other = { ...asked, action: { ...asked.action, name: "db.tag.remove" } };
    expect(await refusal(agent.requestAction(other, { idempotencyKey: key }))).toBe("ALREADY_EXISTS KEY_REUSED");
  });

  it("in review until its deadline: the timer of then ends it", async () => {
    clock.advance(61 * 60_000);
    await eventually("it expires", async () => (await statusOf(openEnds.willExpire)) === "EXPIRED");
  });
});

describe("an older build beside a newer one", () => {
  let typeUnknown: string;
  let versionUnknown: string;
  const once = { retry: { attempts: 1, baseMs: 1, maxMs: 1 } };
  /** Which consumers could not handle an event of which action. */
  const parked = async (): Promise<readonly string[]> => {
    const { deadLetters } = await (await build.as("operator")).audit.listDeadLetters({});
    const unknown = deadLetters.filter(({ error }) => error === "UnknownEventError");
    return unknown.map((letter) => `${letter.consumer} ${letter.streamId}`).toSorted();
  };

  it("P4, P7: decides nothing on a past that it does not understand, says so, and goes on with everything else", async () => {
    agent = await build.as("crm-agent");
    [typeUnknown, versionUnknown] = [
      (await agent.requestAction(input("db.export"))).action.id,
      (await agent.requestAction(input("db.export"))).action.id,
    ];
    const owner = await build.as("data-owner", once);
    const [shown, shownLater] = [await shownTo(owner, typeUnknown), await shownTo(owner, versionUnknown)];
    becomeOlder();
    await newerBuildAppends(build, typeUnknown);
    await newerBuildAppends(build, versionUnknown, OF_A_LATER_VERSION);
    for (const vote of [shown, shownLater]) {
      const cast = owner.reviews.submitVote({ ...vote, decision: { case: "approve", value: {} } });
      expect(await refusal(cast)).toBe("UNAVAILABLE UNKNOWN_EVENT");
    }
    expect(logged).toContainEqual(expect.objectContaining({ reason: "UNKNOWN_EVENT", service: "approval", method: "SubmitVote" }));
    await approve(owner, (await agent.requestAction(input("db.export"))).action.id);
  });

  it("P5: passes over nothing in any projection", async () => {
    const consumers = ["approval.timers", "audit.actions", "notifier.deliveries"];
    const all = consumers.flatMap((consumer) => [typeUnknown, versionUnknown].map((id) => `${consumer} ${id}`)).toSorted();
    await eventually("every consumer has met it", async () => (await parked()).length >= all.length);
    expect(await parked()).toEqual(all);
    const listed = await (await build.as("data-owner")).reviews.listReviews({ all: true });
    expect(listed.reviews.filter(({ id }) => id === typeUnknown || id === versionUnknown).map(({ version }) => version)).toEqual([3n, 3n]);
  });

  it("P1, P4: is replaced, and the newer one goes on where it could not", async () => {
    await build.close();
    becomeNewer();
    build = await start();
    agent = await build.as("crm-agent");
    await approve(await build.as("data-owner"), typeUnknown);
    await use(typeUnknown);
    await eventually("what was parked is handled", async () => (await parked()).every((line) => line.includes(versionUnknown)));
    expect(await refusal(approve(await build.as("data-owner", once), versionUnknown))).toBe("UNAVAILABLE UNKNOWN_EVENT");
  });
});

describe("over the seam", () => {
  it("P5, P6: fsck finds no flaw, and every projection folds to what it is", async () => {
    await sealed(build);
    const operator = await build.as("operator");
    const found: unknown[] = [];
    for await (const { message } of operator.audit.fsck({})) if (message.case !== "progress") found.push(message);
    expect(found).toMatchObject([{ case: "result", value: { flaws: 0n, unchecked: [] } }]);
    for await (const { message } of operator.audit.rebuildProjection({})) {
      if (message.case === "rebuild") expect(message.value).toMatchObject({ name: "audit.actions", identical: true });
    }
  });

  it("P6: the first leaves are those that the checkpoint of then signed, and the whole log verifies offline", async () => {
    const { key } = await sealed(build);
    expect(key).toBe(baseline.key);
    const { size, root } = openCheckpoint(Buffer.from(baseline.checkpoint), [parseVerifierKey(baseline.key)]).checkpoint;
    const { rows } = await build.runtime.database.pool.query<{ leaf: Buffer }>(
      "select leaf_hash as leaf from event_log.event where position < $1 order by position",
      [size],
    );
    const leaves = rows.map(({ leaf }) => leaf);
    expect(Buffer.from(rootHash(appendLeaves(EMPTY_RANGE, leaves)))).toEqual(Buffer.from(root));
    const file = join(folder, "all.tar");
    writeFileSync(file, await exportArchive(build));
    expect(await verified(file)).toContain("no flaw");
  });
});

async function verified(file: string): Promise<string> {
  let out = "";
  await verifyFile({ file, keys: [baseline.key] }, (text) => (out += text));
  return out;
}
