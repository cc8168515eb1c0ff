import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { timestampFromDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { inProcessCommands, type EventFeed } from "@countersign/bus";
import { EventLogError, type EventLog, type RecordedEvent } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { encodeEvent } from "@countersign/events";
import { CommandSchema, EvaluateRequestSchema, EvaluateResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import { PolicyActivatedSchema } from "@countersign/proto/event/v1/policy_events_pb";
import { EvaluateActionRequestSchema, EvaluateActionResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { VerdictOutcome } from "@countersign/proto/v1/action_pb";
import * as proto from "@countersign/proto/v1/policy_service_pb";
import { PrincipalType, type PrincipalSchema } from "@countersign/proto/v1/principal_pb";
import { silentLogger } from "@countersign/telemetry";
import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { startPolicy } from "./app.ts";
import { starterPolicy } from "./starter-policy.ts";

const issuer = "https://issuer.example";
const admin: MessageInitShape<typeof PrincipalSchema> = {
  tenant: "acme",
  type: PrincipalType.HUMAN,
  issuer,
  id: "ada",
  roles: ["policy_admin"],
};
const agent: MessageInitShape<typeof PrincipalSchema> = { tenant: "acme", type: PrincipalType.AGENT, issuer, id: "exporter" };
const now = new Date("2026-11-23T10:00:00Z");
const exportAction = {
  action: { name: "db.export" },
  resource: { type: "db.table", id: "customers" },
  context: { environment: "production" },
};
const documentOf = (name: string, outcome = "allow") =>
  `apiVersion: countersign.dev/v1\nkind: Policy\nmetadata: { name: ${name} }\nrules: [{ name: all, outcome: ${outcome} }]\n`;

/** A log that can be made to fail, and that counts what is asked of it. */
function brittle(log: EventLog) {
  const state = { down: false, reads: 0 };
  const reach = () => {
    state.reads++;
    if (state.down) throw new EventLogError("unavailable", "down");
  };
  const wrapped: EventLog = {
    ...log,
    append: async (request) => (reach(), log.append(request)),
    readStream: async (stream, after) => (reach(), log.readStream(stream, after)),
    readContents: async (stream) => (reach(), log.readContents(stream)),
  };
  return { log: wrapped, state };
}

/** One instance of the service; its feed says nothing unless told to. */
async function startInstance(inner: EventLog = createMemoryEventLog({ ledger: "main" })) {
  const { log, state } = brittle({ ...inner, onCommitted: () => () => undefined });
  const commands = inProcessCommands({ logger: silentLogger });
  const listeners = new Set<(event: RecordedEvent) => void>();
  const feed: EventFeed = { subscribe: (listener) => (listeners.add(listener), () => listeners.delete(listener)) };
  const time = { ms: 0 };
  const service = await startPolicy({
    config: { maxAgeMs: 1000, cachedTenants: 100 },
    log,
    commands,
    feed,
    logger: silentLogger,
    clock: () => now,
    monotonicMs: () => time.ms,
  });
  running.push(service);
  const call = async <Request extends DescMessage, Response extends DescMessage>(
    method: string,
    caller: MessageInitShape<typeof PrincipalSchema> | undefined,
    request: [Request, MessageInitShape<Request>],
    response: Response,
  ): Promise<MessageShape<Response>> => {
    const command = create(CommandSchema, { ...(caller && { caller }), request: toBinary(request[0], create(request[0], request[1])) });
    return fromBinary(response, await commands.send("policy", method, command, { timeoutMs: 5000 }));
  };
  const publish = (document: string, caller = admin) =>
    call("PublishPolicy", caller, [proto.PublishPolicyRequestSchema, { document }], proto.PublishPolicyResponseSchema);
  const activate = (revision: number, caller = admin) =>
    call("ActivatePolicy", caller, [proto.ActivatePolicyRequestSchema, { revision: BigInt(revision) }], proto.ActivatePolicyResponseSchema);
  const evaluate = (requester = agent, caller: MessageInitShape<typeof PrincipalSchema> | undefined = agent) =>
    call(
      "Evaluate",
      caller,
      [EvaluateRequestSchema, { requester, input: exportAction, time: timestampFromDate(now) }],
      EvaluateResponseSchema,
    );
  const tell = (event: RecordedEvent) => listeners.forEach((listener) => listener(event));
  return { inner, commands, state, time, call, publish, activate, evaluate, tell };
}

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const service of running.splice(0)) await service.close();
});

describe("publishing and activating", () => {
  it("numbers revisions and keeps text, publisher and digest", async () => {
    const { publish, call } = await startInstance();
    const text = starterPolicy();
    const { revision } = await publish(text);
    expect(revision).toMatchObject({ revision: 1n, document: text, publisher: { issuer, id: "ada" }, active: false });
    expect(Buffer.from(revision!.documentDigest)).toEqual(createHash("sha256").update(text).digest());
    const got = await call("GetPolicy", agent, [proto.GetPolicyRequestSchema, { revision: 1n }], proto.GetPolicyResponseSchema);
    expect(got.revision).toEqual(revision);
  });

  it("returns the newest revision when its text is published again", async () => {
    const { publish, inner } = await startInstance();
    await publish(documentOf("a"));
    expect((await publish(documentOf("a"))).revision?.revision).toBe(1n);
    expect(await inner.nextPosition()).toBe(1);
    await publish(documentOf("b"));
    expect((await publish(documentOf("a"))).revision?.revision).toBe(3n);
  });

  it("refuses a document with every problem and records nothing", async () => {
    const { publish, inner } = await startInstance();
    await expect(publish(documentOf("a").replace("name: all", "nam: all, when: 'x'"))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "FIELD_VIOLATION",
      violations: [
        { field: "rules[0].name", description: "line 4: is required" },
        { field: "rules[0].nam", description: "line 4: unknown member" },
        { field: "rules[0].when", description: 'line 4: unknown name "x"; known are principal, subject, action, resource, context, now' },
      ],
    });
    expect(await inner.nextPosition()).toBe(0);
  });

  it("activates quietly what is active, and nothing that is not there", async () => {
    const { publish, activate, inner } = await startInstance();
    await publish(documentOf("a"));
    expect((await activate(1)).revision).toMatchObject({ revision: 1n, active: true });
    expect((await activate(1)).revision).toMatchObject({ revision: 1n, active: true });
    expect(await inner.nextPosition()).toBe(2);
    await expect(activate(2)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(activate(0)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("lets only policy admins change or try policies", async () => {
    const { publish, activate, call, inner } = await startInstance();
    const refused = { code: "PERMISSION_DENIED", reason: "ROLE_MISSING" };
    await expect(publish(documentOf("a"), agent)).rejects.toMatchObject(refused);
    await expect(activate(1, agent)).rejects.toMatchObject(refused);
    await expect(call("TestPolicy", agent, [proto.TestPolicyRequestSchema, {}], proto.TestPolicyResponseSchema)).rejects.toMatchObject(
      refused,
    );
    await expect(
      call("PublishPolicy", undefined, [proto.PublishPolicyRequestSchema, {}], proto.PublishPolicyResponseSchema),
    ).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(await inner.nextPosition()).toBe(0);
  });

  it("gives concurrent publishers different revisions", async () => {
    const { publish } = await startInstance();
    const revisions = await Promise.all(["a", "b", "c"].map(async (name) => (await publish(documentOf(name))).revision?.revision));
    expect(new Set(revisions)).toEqual(new Set([1n, 2n, 3n]));
  });

  it("lists revisions newest first, by page", async () => {
    const { publish, activate, call } = await startInstance();
    for (const name of ["a", "b", "c"]) await publish(documentOf(name));
    await activate(2);
    const list = (pageToken: string) =>
      call(
        "ListPolicyRevisions",
        agent,
        [proto.ListPolicyRevisionsRequestSchema, { pageSize: 2, pageToken }],
        proto.ListPolicyRevisionsResponseSchema,
      );
    const first = await list("");
    expect(first.revisions.map(({ revision, active, document }) => [revision, active, document])).toEqual([
      [3n, false, ""],
      [2n, true, ""],
    ]);
    const second = await list(first.nextPageToken);
    expect(second).toMatchObject({ revisions: [{ revision: 1n }], nextPageToken: "" });
    await expect(list("bogus")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("shows the revisions and the one in force as they were at a position or a time", async () => {
    const { publish, activate, call } = await startInstance();
    await publish(documentOf("a"));
    await activate(1);
    await publish(documentOf("b"));
    await activate(2);
    const list = async (moment: { case: "position"; value: bigint } | { case: "time"; value: Timestamp } | { case: undefined }) => {
      const request = [proto.ListPolicyRevisionsRequestSchema, { at: { moment } }] as const;
      const { revisions } = await call("ListPolicyRevisions", agent, [...request], proto.ListPolicyRevisionsResponseSchema);
      return revisions.map(({ revision, active }) => [Number(revision), active]);
    };
    const at = async (position: number) => list({ case: "position", value: BigInt(position) });
    expect(await Promise.all([0, 1, 2, 3, 99].map(at))).toEqual([
      [[1, false]],
      [[1, true]],
      [
        [2, false],
        [1, true],
      ],
      [
        [2, true],
        [1, false],
      ],
      [
        [2, true],
        [1, false],
      ],
    ]);
    expect(await list({ case: "time", value: timestampFromDate(new Date(0)) })).toEqual([]);
    await expect(list({ case: undefined })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const then = { at: { moment: { case: "position", value: 2n } as const } };
    const get = (request: object) => call("GetPolicy", agent, [proto.GetPolicyRequestSchema, request], proto.GetPolicyResponseSchema);
    expect((await get(then)).revision).toMatchObject({ revision: 1n, active: true });
    await expect(get({ revision: 2n, at: { moment: { case: "position", value: 1n } } })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("P8: tenants do not see each other's policies", async () => {
    const { publish, activate, call, evaluate } = await startInstance();
    await publish(documentOf("a"));
    await activate(1);
    const other = { ...agent, tenant: "other" };
    await expect(
      call("GetPolicy", other, [proto.GetPolicyRequestSchema, { revision: 1n }], proto.GetPolicyResponseSchema),
    ).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await evaluate(other, other)).verdict).toMatchObject({ outcome: VerdictOutcome.DENY, revision: 0n });
    await expect(evaluate(other, agent)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("Evaluate", () => {
  it("answers by the policy in force, with its digest", async () => {
    const { publish, activate, evaluate } = await startInstance();
    await publish(starterPolicy());
    await activate(1);
    const { verdict, policyDigest } = await evaluate();
    expect(verdict).toMatchObject({
      outcome: VerdictOutcome.REVIEW,
      revision: 1n,
      rule: "exports leave a trace on people",
      stages: [{ name: "review", quorumText: "1 of dba, data-owners", seconds: 3600 }],
      grantSeconds: 300,
      bindingContext: ["environment"],
    });
    expect(Buffer.from(policyDigest)).toEqual(createHash("sha256").update(starterPolicy()).digest());
  });

  it("P7: denies when no policy is in force, with revision 0", async () => {
    const { publish, evaluate } = await startInstance();
    await publish(documentOf("never activated"));
    expect(await evaluate()).toMatchObject({
      verdict: { outcome: VerdictOutcome.DENY, revision: 0n, rule: "" },
      policyDigest: new Uint8Array(),
    });
  });

  it("serves the system's own commands, which have no caller", async () => {
    const { publish, activate, evaluate } = await startInstance();
    await publish(documentOf("a"));
    await activate(1);
    expect((await evaluate(agent, undefined)).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
  });

  it("P7: refuses what it cannot judge", async () => {
    const { call, commands } = await startInstance();
    const time = timestampFromDate(now);
    const ask = (init: MessageInitShape<typeof EvaluateRequestSchema>) =>
      call("Evaluate", agent, [EvaluateRequestSchema, init], EvaluateResponseSchema);
    const refused = { code: "INVALID_ARGUMENT", reason: "FIELD_VIOLATION" };
    await expect(ask({ requester: agent, input: exportAction })).rejects.toMatchObject(refused);
    await expect(ask({ input: exportAction, time })).rejects.toMatchObject(refused);
    await expect(ask({ requester: { ...agent, type: PrincipalType.UNSPECIFIED }, input: exportAction, time })).rejects.toMatchObject(
      refused,
    );
    await expect(ask({ requester: agent, input: { ...exportAction, action: { name: "DB.Export" } }, time })).rejects.toMatchObject(refused);
    await expect(ask({ requester: agent, time })).rejects.toMatchObject({
      ...refused,
      violations: [{ field: "input.action.name" }, { field: "input.resource.type" }, { field: "input.resource.id" }],
    });
    const garbage = create(CommandSchema, { caller: agent, request: new Uint8Array([255, 255, 255]) });
    await expect(commands.send("policy", "Evaluate", garbage, { timeoutMs: 1000 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "MALFORMED",
    });
  });

  it("EvaluateAction and TestPolicy explain every rule", async () => {
    const { publish, activate, call } = await startInstance();
    await publish(starterPolicy());
    await activate(1);
    const dry = await call("EvaluateAction", agent, [EvaluateActionRequestSchema, { input: exportAction }], EvaluateActionResponseSchema);
    expect(dry.verdict).toMatchObject({ outcome: VerdictOutcome.REVIEW, revision: 1n });
    expect(dry.rules.filter(({ matched }) => matched).map(({ rule }) => rule)).toEqual(["exports leave a trace on people"]);
    expect(dry.rules).toHaveLength(6);
    const test = { document: documentOf("tried", "deny"), input: exportAction, requester: { ...agent, tenant: "" } };
    const tried = await call("TestPolicy", admin, [proto.TestPolicyRequestSchema, test], proto.TestPolicyResponseSchema);
    expect(tried).toMatchObject({
      verdict: { outcome: VerdictOutcome.DENY, revision: 0n, rule: "all" },
      rules: [{ rule: "all", matched: true }],
    });
  });
});

describe("following the policy in force", () => {
  it("uses an activation at once on the instance that served it", async () => {
    const { publish, activate, evaluate } = await startInstance();
    await publish(documentOf("a"));
    await publish(documentOf("b", "deny"));
    await activate(1);
    expect((await evaluate()).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
    await activate(2);
    expect((await evaluate()).verdict?.outcome).toBe(VerdictOutcome.DENY);
  });

  /** Two instances on one log that hear nothing from each other. */
  async function twoInstances() {
    const one = await startInstance();
    const two = await startInstance(one.inner);
    await one.publish(documentOf("a"));
    await one.publish(documentOf("b", "deny"));
    await one.activate(1);
    expect((await two.evaluate()).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
    await one.activate(2);
    return { one, two, outcome: async () => (await two.evaluate()).verdict?.outcome };
  }

  it("another instance follows within a second without any feed", async () => {
    const { two, outcome } = await twoInstances();
    two.time.ms = 999;
    expect(await outcome()).toBe(VerdictOutcome.ALLOW);
    two.time.ms = 1000;
    expect(await outcome()).toBe(VerdictOutcome.DENY);
  });

  it("another instance follows at once when the feed tells", async () => {
    const { one, two, outcome } = await twoInstances();
    const events = await one.inner.readTenant("acme", { from: 0, limit: 10 });
    two.tell(events.at(-1)!);
    expect(await outcome()).toBe(VerdictOutcome.DENY);
  });

  it("reads in the background before the policy is too old, so that nobody waits", async () => {
    const { two, outcome } = await twoInstances();
    const { reads } = two.state;
    two.time.ms = 499;
    expect(await outcome()).toBe(VerdictOutcome.ALLOW);
    expect(two.state.reads).toBe(reads);
    two.time.ms = 500;
    await Promise.all([outcome(), outcome(), outcome()]);
    await expect.poll(outcome).toBe(VerdictOutcome.DENY);
    two.time.ms = 1400;
    expect(await outcome()).toBe(VerdictOutcome.DENY);
  });

  it("shares one read among those who wait", async () => {
    const { two, outcome } = await twoInstances();
    two.time.ms = 5000;
    const { reads } = two.state;
    expect(new Set(await Promise.all(Array.from({ length: 50 }, outcome)))).toEqual(new Set([VerdictOutcome.DENY]));
    expect(two.state.reads - reads).toBe(2);
  });

  it("P7: gives no verdict from a policy that the log has not confirmed for a second", async () => {
    const { two, outcome } = await twoInstances();
    two.state.down = true;
    two.time.ms = 900;
    expect(await outcome()).toBe(VerdictOutcome.ALLOW);
    two.time.ms = 1000;
    await expect(two.evaluate()).rejects.toMatchObject({ code: "UNAVAILABLE", reason: "LOG_UNREACHABLE" });
    two.state.down = false;
    expect(await outcome()).toBe(VerdictOutcome.DENY);
  });

  it("P1: forgets a policy that the log does not hold any more, as a standby that lagged", async () => {
    const [primary, standby] = [createMemoryEventLog({ ledger: "main" }), createMemoryEventLog({ ledger: "main" })];
    const lost = new Set<() => void>();
    let log: EventLog = primary;
    const { publish, activate, evaluate } = await startInstance({
      ...primary,
      append: (request) => log.append(request),
      readStream: (...asked) => log.readStream(...asked),
      readContents: (...asked) => log.readContents(...asked),
      onLost: (listener) => (lost.add(listener), () => lost.delete(listener)),
    });
    const other = await startInstance(standby);
    for (const [instance, outcome] of [[{ publish, activate }, "allow"] as const, [other, "deny"] as const]) {
      await instance.publish(documentOf("a", outcome));
      await instance.activate(1);
    }
    expect((await evaluate()).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
    log = standby;
    lost.forEach((listener) => listener());
    expect((await evaluate()).verdict?.outcome).toBe(VerdictOutcome.DENY);
  });

  it("P7: gives no verdict when the log is down from the start", async () => {
    const { state, evaluate, publish } = await startInstance();
    state.down = true;
    await expect(evaluate()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(publish(documentOf("a"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("P7: gives no verdict from a document that is not what was published", async () => {
    const inner = createMemoryEventLog({ ledger: "main" });
    const { publish, activate } = await startInstance(inner);
    await publish(documentOf("a", "deny"));
    await activate(1);
    const forged: EventLog = {
      ...inner,
      readContents: async (stream) =>
        new Map([...(await inner.readContents(stream))].map(([key, content]) => [key, { ...content, body: Buffer.from(documentOf("b")) }])),
    };
    const erased: EventLog = { ...inner, readContents: async () => new Map() };
    for (const log of [forged, erased]) {
      const { evaluate } = await startInstance(log);
      await expect(evaluate()).rejects.toMatchObject({ code: "UNAVAILABLE", reason: "POLICY_UNREACHABLE" });
    }
  });

  it("P7: gives no verdict after an event that this build does not know", async () => {
    const { publish, activate, evaluate, inner, time } = await startInstance();
    await publish(documentOf("a"));
    await activate(1);
    expect((await evaluate()).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
    const known = encodeEvent({ type: "PolicyActivated", data: create(PolicyActivatedSchema, { revision: 1n }) });
    await inner.append({
      stream: { tenant: "acme", type: "policy", id: "default" },
      expectedVersion: 2,
      events: [{ ...known, schemaVersion: 2 }],
      time: now,
    });
    time.ms = 1000;
    await expect(evaluate()).rejects.toMatchObject({ code: "UNAVAILABLE", reason: "POLICY_UNREACHABLE" });
  });
});
