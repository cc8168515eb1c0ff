import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CommandError } from "@countersign/bus";
import { contentDigest } from "@countersign/digest";
import type { Content, EventLog } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import {
  EvaluateRecordedRequestSchema,
  EvaluateRecordedResponseSchema,
  type Command,
  type RecordedQuestion,
} from "@countersign/proto/internal/v1/command_pb";
import { VerdictOutcome, type VerdictSchema } from "@countersign/proto/v1/action_pb";
import { BacktestPolicyRequestSchema, BacktestPolicyResponseSchema } from "@countersign/proto/v1/policy_service_pb";
import { describe, expect, it } from "vitest";
import { caller, callStream, command } from "../../testing/calls.ts";
import { agent, event, EVENTS, person, record, START } from "../../testing/events.ts";
import { idOf } from "../../testing/listed-actions.ts";
import { backtestPolicy } from "./backtest-policy.ts";

const { ALLOW, DENY, REVIEW } = VerdictOutcome;
type Answer = MessageInitShape<typeof VerdictSchema>;
type Rows = { readonly rows: number };

const salt = new Uint8Array(32).fill(9);

/** An input as the log keeps it. */
function inputOf(rows: number): Content {
  const body = Buffer.from(JSON.stringify({ action: { name: "db.export", properties: { rows } } }));
  return { digest: contentDigest(salt, body), salt, body };
}

const requested = (rows: number, requester = agent("exporter")) =>
  event("ActionRequested", {
    requester,
    actionName: "db.export",
    resourceType: "db",
    resourceId: "crm",
    input: { digest: inputOf(rows).digest },
  });
const edited = (rows: number) => event("ActionEdited", { editor: person("ann"), input: { digest: inputOf(rows).digest } });
const ruled = (verdict: Answer) => event("VerdictReached", { verdict });

/** Policy as this service hears it: one rule, which allows fewer than 100 rows; it answers `atOnce` questions. */
function policy(atOnce = 1000) {
  const asked: (RecordedQuestion & Rows)[] = [];
  const sent: number[] = [];
  const verdictOn = (question: RecordedQuestion): Answer => {
    const { action } = JSON.parse(Buffer.from(question.input).toString()) as { action: { properties: Rows } };
    asked.push({ ...question, rows: action.properties.rows });
    return action.properties.rows < 100 ? { outcome: ALLOW, rule: "few", grantSeconds: 300 } : { outcome: DENY, rule: "many" };
  };
  const send = async (service: string, method: string, { caller: who, request }: Command): Promise<Uint8Array> => {
    expect([service, method]).toEqual(["policy", "EvaluateRecorded"]);
    if (who?.roles.includes("policy_admin") !== true) throw new CommandError("PERMISSION_DENIED", "ROLE_MISSING", "no");
    expect(request.length).toBeLessThan(1_000_000);
    const { document, questions } = fromBinary(EvaluateRecordedRequestSchema, request);
    if (document !== "good") throw new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", "1 problem");
    sent.push(questions.length);
    const verdicts = questions.slice(0, atOnce).map(verdictOn);
    return toBinary(EvaluateRecordedResponseSchema, create(EvaluateRecordedResponseSchema, { verdicts, rules: ["few", "many"] }));
  };
  return { send, asked, sent };
}

const admin = caller({ roles: ["policy_admin"] });

async function backtested(
  log: EventLog,
  commands = policy(),
  period: Omit<MessageInitShape<typeof BacktestPolicyRequestSchema>, "$typeName" | "document"> = {},
  { who = admin, document = "good" } = {},
) {
  const handler = backtestPolicy({ log, commands, clock: () => new Date(START + 3_600_000), pauseMs: 0 });
  const schemas = [BacktestPolicyRequestSchema, BacktestPolicyResponseSchema] as const;
  const messages = (await callStream(handler, schemas, { document, ...period }, who)).map(({ message }) => message);
  const last = messages.at(-1);
  return {
    differences: messages.flatMap((message) => (message.case === "difference" ? [message.value] : [])),
    progress: messages.flatMap((message) => (message.case === "progress" ? [message.value] : [])),
    result: last?.case === "result" ? last.value : undefined,
  };
}

const allowed: Answer = { outcome: ALLOW, revision: 3n, rule: "other words", reasons: ["small"], grantSeconds: 300 };
const denied: Answer = {
  outcome: DENY,
  revision: 3n,
  rule: "also other",
  bindingContext: ["environment"],
  risk: [{ points: 5, reason: "r" }],
};

/** One event a millisecond: an action of one request and verdict for each number of rows, of which the first is numbered 0. */
async function recordActions(
  log: EventLog,
  actions: readonly (readonly [rows: number, verdict: Answer])[],
  tenant = "acme",
): Promise<void> {
  for (const [index, [rows, verdict]] of actions.entries())
    await record(log, { tenant, id: idOf(index), version: 0 }, [requested(rows), ruled(verdict)], {
      contents: [inputOf(rows)],
      time: new Date(START + index),
    });
}

describe("a backtest", () => {
  it("asks for each verdict what was asked then, and tells those that would be others", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    await recordActions(log, [
      [1, allowed],
      [500, denied],
      [2, denied],
      [600, { outcome: REVIEW, stages: [{ name: "owners", seconds: 60 }] }],
    ]);
    const commands = policy();
    const { differences, progress, result } = await backtested(log, commands);
    expect(differences).toMatchObject([
      {
        actionId: idOf(2),
        actionVersion: 2n,
        actionName: "db.export",
        resourceType: "db",
        resourceId: "crm",
        was: denied,
        wouldBe: { rule: "few" },
      },
      { actionId: idOf(3), requester: { id: "exporter" }, was: { outcome: REVIEW }, wouldBe: { outcome: DENY } },
    ]);
    expect(differences.map(({ time }) => time && timestampDate(time))).toEqual([new Date(START + 2), new Date(START + 3)]);
    expect(result).toMatchObject({
      judged: 4n,
      different: 2n,
      erased: 0n,
      tallies: [
        { was: ALLOW, wouldBe: ALLOW, count: 1n },
        { was: DENY, wouldBe: ALLOW, count: 1n },
        { was: DENY, wouldBe: DENY, count: 1n },
        { was: REVIEW, wouldBe: DENY, count: 1n },
      ],
      rules: [
        { rule: "few", decides: 2n },
        { rule: "many", decides: 2n },
      ],
    });
    expect(progress).toMatchObject([{ done: 8n, total: 8n }]);
    expect(commands.asked).toMatchObject(
      [1, 500, 2, 600].map((rows, index) => ({ rows, requester: { id: "exporter" }, time: timestampFromMs(START + index) })),
    );
  });

  it.each<[string, Answer]>([
    ["the grant's time", { ...allowed, grantSeconds: 301 }],
    ["what the digest binds", { ...allowed, bindingContext: ["environment"] }],
    ["terms", { ...allowed, terms: { ownerMayApprove: true } }],
    ["stages", { ...allowed, stages: [{ name: "owners" }] }],
  ])("takes other %s for a difference", async (_what, verdict) => {
    const log = createMemoryEventLog({ ledger: "main" });
    await recordActions(log, [[1, verdict]]);
    expect((await backtested(log)).result).toMatchObject({ judged: 1n, different: 1n });
  });

  it("asks for what an edit made of it, as its requester, also when it was requested before the period", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    const stream = { tenant: "acme", id: idOf(0) };
    const at = (ms: number) => new Date(START + ms);
    await record(log, { ...stream, version: 0 }, [requested(1), ruled(allowed)], { contents: [inputOf(1)], time: at(0) });
    await record(log, { ...stream, version: 2 }, [edited(700), ruled(denied)], { contents: [inputOf(700)], time: at(10) });
    const commands = policy();
    const { result } = await backtested(log, commands, { from: timestampFromMs(START + 5) });
    expect(result).toMatchObject({ judged: 1n, different: 0n });
    expect(commands.asked).toMatchObject([{ rows: 700, requester: { id: "exporter" }, time: timestampFromMs(START + 10) }]);
    const whole = policy();
    expect((await backtested(log, whole)).result).toMatchObject({ judged: 2n, different: 0n });
    expect(whole.asked.map(({ rows }) => rows)).toEqual([1, 700]);
    expect((await backtested(log, policy(), { to: timestampFromMs(START + 5) })).result).toMatchObject({ judged: 1n });
  });

  it("counts what nobody can ask for any more", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    await record(log, { tenant: "acme", id: idOf(0), version: 0 }, [requested(1), ruled(allowed)]);
    await record(log, { tenant: "acme", id: idOf(1), version: 0 }, [requested(2), ruled(denied)], { contents: [inputOf(2)] });
    expect((await backtested(log)).result).toMatchObject({ judged: 1n, different: 1n, erased: 1n });
  });

  it("asks again for what policy had no time for, and never for more than a message carries", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    const actions = Array.from({ length: 150 }, (_, index) => [index, index < 100 ? allowed : denied] as const);
    await recordActions(log, actions);
    const commands = policy(7);
    expect((await backtested(log, commands)).result).toMatchObject({ judged: 150n, different: 0n });
    expect(commands.asked.map(({ rows }) => rows)).toEqual(actions.map(([rows]) => rows));
    expect(Math.max(...commands.sent)).toBe(64);

    const large = createMemoryEventLog({ ledger: "main" });
    const requester = { ...agent("exporter"), groups: Array.from({ length: 200 }, (_, index) => `${index}`.padEnd(256, "g")) };
    for (let index = 0; index < 20; index += 1)
      await record(large, { tenant: "acme", id: idOf(index), version: 0 }, [requested(1, requester), ruled(allowed)], {
        contents: [inputOf(1)],
      });
    expect((await backtested(large)).result).toMatchObject({ judged: 20n, different: 0n });
  });

  it("waits while policy is overloaded, as it is where its tenant asks much, and for a time only", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    await recordActions(log, [[1, allowed]]);
    const commands = policy();
    let turnedAway = 0;
    const busy = (times: number) => ({
      ...commands,
      send: async (...sent: Parameters<typeof commands.send>) => {
        if (turnedAway >= times) return commands.send(...sent);
        turnedAway += 1;
        throw new CommandError("RESOURCE_EXHAUSTED", "OVERLOADED", "later");
      },
    });
    expect((await backtested(log, busy(3))).result).toMatchObject({ judged: 1n });
    await expect(backtested(log, busy(Infinity))).rejects.toMatchObject({ reason: "OVERLOADED" });
    expect(turnedAway).toBeLessThan(100);
  });

  it("asks no more once nobody reads", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    await recordActions(
      log,
      Array.from({ length: 20 }, () => [1, allowed] as const),
    );
    const reading = new AbortController();
    const commands = policy(1);
    const send = async (...sent: Parameters<typeof commands.send>) => {
      if (commands.sent.length === 2) reading.abort();
      return commands.send(...sent);
    };
    const handler = backtestPolicy({ log, commands: { send }, clock: () => new Date(START + 3_600_000) });
    const asked = handler(command(BacktestPolicyRequestSchema, { document: "good" }, admin), reading.signal);
    const read = async () => {
      for await (const _ of asked);
    };
    await expect(read()).rejects.toThrow("aborted");
    expect(commands.sent).toHaveLength(3);
  });

  it("P8: sees its caller's tenant, and nothing without the role or with a document that is none", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    await recordActions(log, [[1, denied]], "globex");
    await recordActions(log, [[2, allowed]]);
    const commands = policy();
    expect((await backtested(log, commands)).result).toMatchObject({ judged: 1n, different: 0n });
    expect(commands.asked.map(({ rows }) => rows)).toEqual([2]);
    const unread: EventLog = { ...log, nextPosition: () => Promise.reject(new Error("read")) };
    await expect(backtested(unread, policy(), {}, { who: caller(), document: "good" })).rejects.toMatchObject({ reason: "ROLE_MISSING" });
    await expect(backtested(unread, policy(), {}, { who: admin, document: "bad" })).rejects.toMatchObject({ reason: "FIELD_VIOLATION" });
  });

  it("P7: a changed input, and a verdict on nothing, is corrupt", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    const other: EventLog = { ...log, readNamedContents: async () => [{ ...inputOf(1), body: inputOf(3).body }] };
    await recordActions(log, [[1, allowed]]);
    await expect(backtested(other)).rejects.toMatchObject({ code: "corrupt", position: 1 });
    await record(log, { tenant: "acme", id: idOf(5), version: 0 }, [EVENTS.verdict(ALLOW)]);
    await expect(backtested(log)).rejects.toMatchObject({ code: "corrupt", position: 2 });
  });
});
