import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { CountersignClient } from "@countersign/client";
import { refusal, shownTo } from "@countersign/client/testing";
import { openDatabase } from "@countersign/database";
import type { DevelopmentName } from "@countersign/identity";
import { CommentKind, ExecutionOutcome } from "@countersign/proto/v1/action_pb";
import type { Logger } from "@countersign/telemetry";
import { DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { commandOn, countersign } from "./command-line.ts";
import { EXPORT } from "./scenes.ts";
import { startStack, type Stack } from "./stack.ts";

let stack: Stack;
const folder = mkdtempSync(join(tmpdir(), "countersign-erasure-"));
const logged: string[] = [];
const logger: Logger = {
  debug: (...what) => void logged.push(inspect(what, { depth: 10 })),
  info: (...what) => void logged.push(inspect(what, { depth: 10 })),
  warn: (...what) => void logged.push(inspect(what, { depth: 10 })),
  error: (...what) => void logged.push(inspect(what, { depth: 10 })),
  child: () => logger,
};

beforeAll(async () => {
  stack = await startStack({}, logger);
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

const as = (name: DevelopmentName, ...args: readonly string[]) => commandOn(stack, name, ...args);

/** Found nowhere else: a word for each place where somebody can type. */
const planted = new Map<string, string>();
function mark(place: string): string {
  const word = `zq${randomUUID().replaceAll("-", "")}`;
  planted.set(place, word);
  return word;
}

const input = (place: string) => ({
  ...EXPORT,
  action: { name: EXPORT.action.name, properties: { table: mark(`${place}: parameters`), limit: 100 } },
  context: { environment: "production", justification: mark(`${place}: justification`), command: `run ${mark(`${place}: command`)}` },
});

/** A word as it is, and as base64 and hex have it: any of three base64 alignments holds one of these pieces. */
function formsOf(word: string): readonly string[] {
  const pieces = [0, 1, 2].map((skip) => Buffer.from(word.slice(skip, skip + 24)).toString("base64"));
  return [word, Buffer.from(word).toString("hex"), ...pieces];
}

/** Places whose words are found in what is given. */
function foundIn(text: string): readonly string[] {
  const lower = text.toLowerCase();
  return [...planted].filter(([, word]) => formsOf(word).some((form) => lower.includes(form.toLowerCase()))).map(([place]) => place);
}

/** Every row of every table of every schema, as the superuser sees it; bytes as hex. */
async function wholeDatabase(): Promise<string> {
  const owner = openDatabase({ url: stack.databaseUrl, role: null });
  try {
    const { rows: tables } = await owner.pool.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(["event_log.event", "event_log.content", "approval.timer"]));
    const texts = await Promise.all(
      tables.map(async ({ name }) => (await owner.pool.query<{ row: string }>(`select t::text as row from ${name} t`)).rows),
    );
    return texts.flatMap((rows) => rows.map(({ row }) => row)).join("\n");
  } finally {
    await owner.close();
  }
}

async function wholeStream(): Promise<string> {
  const connection = await connect({ servers: stack.nats.url });
  try {
    const manager = await jetstreamManager(connection);
    const name = `${stack.nats.prefix}_EVENTS_MAIN`.toUpperCase();
    const { state } = await manager.streams.info(name);
    const consumer = await jetstream(connection).consumers.get(name, { deliver_policy: DeliverPolicy.All });
    const messages = await consumer.fetch({ max_messages: state.messages, expires: 5000 });
    const all: Uint8Array[] = [];
    for await (const message of messages) {
      all.push(message.data);
      if (all.length === state.messages) break;
    }
    expect(all.length).toBeGreaterThan(10);
    return Buffer.concat(all).toString("latin1") + Buffer.concat(all).toString("hex");
  } finally {
    await connection.close();
  }
}

const actions: string[] = [];
/** The key and the input of the first request, for a repetition. */
const first = { idempotencyKey: randomUUID(), input: input("first") };

/** A question and its answer. */
async function asked(reviewer: CountersignClient, agent: CountersignClient, actionId: string): Promise<void> {
  const question = { actionId, kind: CommentKind.QUESTION, text: mark("question"), idempotencyKey: randomUUID() };
  const { comment } = await reviewer.reviews.addComment(question);
  const answer = { kind: CommentKind.ANSWER, text: mark("answer"), question: comment?.number ?? 0, idempotencyKey: randomUUID() };
  await agent.reviews.addComment({ actionId, ...answer });
}

async function live(): Promise<void> {
  const [agent, reviewer, second] = [await stack.as("crm-agent"), await stack.as("data-owner"), await stack.as("second-data-owner")];
  const { action } = await agent.requestAction(first.input, first);
  await asked(reviewer, agent, action.id);
  const shown = await shownTo(reviewer, action.id);
  await reviewer.reviews.submitVote({ ...shown, decision: { case: "approve", value: { reason: mark("vote") } } });
  const { grantToken } = await agent.waitForDecision(action.id);
  await agent.actions.redeemGrant({ grantToken, digest: action.digest, idempotencyKey: randomUUID() });
  const report = { outcome: ExecutionOutcome.SUCCEEDED, message: mark("report") };
  await agent.actions.reportExecution({ actionId: action.id, ...report });

  const edited = await agent.requestAction(input("edited"));
  const properties = { ...EXPORT.action.properties, limit: 5, table: edited.action.input?.action?.properties?.["table"] ?? "" };
  const edit = { properties, reason: mark("edit") };
  await reviewer.reviews.submitVote({ ...(await shownTo(reviewer, edited.action.id)), decision: { case: "edit", value: edit } });
  await agent.actions.cancelAction({ actionId: edited.action.id, reason: mark("cancel") });

  const refused = await agent.requestAction(input("rejected"));
  const reject = { reason: mark("rejection") };
  await second.reviews.submitVote({ ...(await shownTo(second, refused.action.id)), decision: { case: "reject", value: reject } });
  actions.push(action.id, edited.action.id, refused.action.id);
}

describe("P6: what was erased is nowhere", () => {
  it("is found before, in the database; in JetStream and in the log output never", async () => {
    await live();
    expect(foundIn(await wholeDatabase()).toSorted()).toEqual([...planted.keys()].toSorted());
    expect(foundIn(await wholeStream())).toEqual([]);
  });

  it("goes by the command of a privacy officer, who sees it listed first, and by nobody else's", async () => {
    const [id = ""] = actions;
    const dry = await as("privacy-officer", "erase", "--action", id, "--reason", "a request", "--dry-run");
    expect(dry.out).toContain("5 contents would be erased");
    expect(foundIn(dry.out)).toEqual([]);
    for (const name of ["operator", "auditor", "crm-agent"] as const) {
      const { code, err } = await as(name, "erase", "--action", id, "--reason", "a request");
      expect([code, err]).toEqual([1, expect.stringContaining("PERMISSION_DENIED")]);
    }
    for (const action of actions) {
      const { code, out } = await as("privacy-officer", "erase", "--action", action, "--reason", "a request");
      expect([code, out]).toEqual([0, expect.stringContaining("are erased; the log says so at position")]);
    }
  });

  it("in no table, no message of JetStream and no line of log output", async () => {
    expect(foundIn(await wholeDatabase())).toEqual([]);
    expect(foundIn(await wholeStream())).toEqual([]);
    expect(foundIn(logged.join("\n"))).toEqual([]);
  });

  it("in no answer: action, list, timeline, stream, review", async () => {
    const [auditor, agent] = [await stack.as("auditor"), await stack.as("crm-agent")];
    const answers = await Promise.all(
      actions.flatMap((actionId) => [
        agent.actions.getAction({ actionId }),
        agent.actions.getAction({
          actionId,
          at: { moment: { case: "time", value: timestampNow() } },
        }),
        auditor.audit.getTimeline({ actionId }),
        auditor.reviews.getReview({ actionId }),
        agent.actions.listActions({}),
      ]),
    );
    expect(foundIn(inspect(answers, { depth: 20, maxStringLength: null }))).toEqual([]);
    expect(await refusal(agent.requestAction(first.input, first))).toBe("FAILED_PRECONDITION CONTENT_ERASED");
  });

  it("P5: in no export; the archive verifies, and fsck, which folds the list again, finds nothing", async () => {
    const archive = join(folder, "acme.tar");
    expect((await as("auditor", "export", "--out", archive)).code).toBe(0);
    const { verifierKeys } = await (await stack.as("auditor")).audit.getCheckpoint({});
    const verified = await countersign(["verify", archive, "--key", verifierKeys[0] ?? ""], { env: {} });
    expect([verified.code, verified.out]).toEqual([0, expect.stringContaining("no flaw")]);
    for (const format of ["cloudevents", "ocsf", "cef", "otel", "soc2-csv"]) {
      const file = join(folder, format);
      const exported = await as("auditor", "export", "--format", format, "--out", file);
      if (exported.code === 0) expect(foundIn(readFileSync(file, "latin1")), format).toEqual([]);
    }
    expect(foundIn(readFileSync(archive, "latin1"))).toEqual([]);
    // The sealer writes its anchor before its commit: for a moment the one is ahead of the other.
    await vi.waitFor(async () => expect((await as("operator", "fsck")).out).toContain("no flaws"), 30_000);
  });
});
