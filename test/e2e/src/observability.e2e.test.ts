import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { statusName, type CountersignClient } from "@countersign/client";
import { refusal, shownTo } from "@countersign/client/testing";
import { openDatabase } from "@countersign/database";
import { ExecutionOutcome } from "@countersign/proto/v1/action_pb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startObservedStack, PLANTED, type ObservedStack } from "./observability/observed-stack.ts";
import type { CollectedSpan } from "./observability/otlp-collector.ts";
import { hasPrometheus, OBSERVABILITY, startPrometheus, type Rule, type RunningPrometheus } from "./observability/prometheus.ts";
import { eventually } from "./program.ts";
import { EXPORT } from "./scenes.ts";

const LIMIT_MS = 60_000;
/** Of the requester's own trace. */
const TRACE = "0af7651916cd43dd8448eb211c80319c";

let stack: ObservedStack;
let agent: CountersignClient;
let actionId: string;

/** A review from the request to the report, with a self-approval on the way, a grant that is wrong, and everybody who is told unreachable. */
beforeAll(async () => {
  stack = await startObservedStack();
  agent = await stack.as("crm-agent");
  const reviewer = await stack.as("data-owner");
  const input = {
    ...EXPORT,
    action: { name: "db.export", properties: { card: PLANTED.input, owner: PLANTED.mail } },
    context: { ...EXPORT.context, justification: PLANTED.justification },
  };
  const asked = agent.requestAction(input, { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, waitMs: LIMIT_MS });
  await eventually("the review is there", async () => (await reviewer.reviews.listReviews({})).reviews.length > 0, LIMIT_MS);
  const [review] = (await reviewer.reviews.listReviews({})).reviews;
  actionId = review?.id ?? "";
  const shown = await shownTo(reviewer, actionId);
  const vote = { ...shown, decision: { case: "approve", value: { reason: PLANTED.reason } } } as const;
  const owner = await stack.as("agent-owner");
  expect(await refusal(owner.reviews.submitVote(vote))).toBe("PERMISSION_DENIED SELF_APPROVAL");
  await reviewer.reviews.submitVote(vote);
  const { grantToken, action } = await asked;
  expect(statusName(action.status)).toBe("APPROVED");
  expect(
    await refusal(agent.actions.redeemGrant({ grantToken: `${grantToken}x`, digest: action.digest, idempotencyKey: "wrong" })),
  ).toMatch("GRANT_INVALID");
  await agent.actions.redeemGrant({ grantToken: grantToken ?? "", digest: action.digest, idempotencyKey: "right" });
  await agent.actions.reportExecution({ actionId, outcome: ExecutionOutcome.SUCCEEDED, message: PLANTED.report });
  const operator = await stack.as("operator");
  for await (const message of operator.audit.fsck({})) void message;
  tokens.push(grantToken ?? "", await stack.issuer.mint({ id: "x", type: "agent", tenant: "acme", roles: [] }));
}, 2 * LIMIT_MS);
afterAll(() => stack?.close());

const tokens: string[] = [];

describe("traces", () => {
  const named = (name: string): CollectedSpan | undefined =>
    stack.collector.spans().find((span) => span.name === name && span.traceId === TRACE);

  const CALL = "countersign.v1.ActionService/RequestAction";
  const VOTE = "countersign.v1.ReviewService/SubmitVote";

  it("one trace goes from the client to the answer, across the wait for a human", async () => {
    const parts = [CALL, "append action", "deliver ReviewOpened", `answer ${CALL}`];
    await eventually("every part was heard of", () => parts.every((part) => named(part) !== undefined), LIMIT_MS);
    expect(named(CALL)?.parentId).toBe("b7ad6b7169203331");
    const byId = new Map(stack.collector.spans().map((span) => [span.spanId, span]));
    for (const part of parts.slice(1)) {
      let span = named(part);
      while (span !== undefined && byId.has(span.parentId)) span = byId.get(span.parentId);
      expect([part, span?.name]).toEqual([part, CALL]);
    }
    const told = ["approval.RequestAction", "policy.Evaluate", "waits for people or events"];
    expect(named(CALL)?.events.filter((event) => told.includes(event))).toEqual(told);
  });

  it("the relay's part is in it, or in a trace of the same batch that links to it", async () => {
    const published = (): CollectedSpan | undefined =>
      stack.collector
        .spans()
        .find((span) => span.name === "publish events" && [span, ...span.links].some(({ traceId }) => traceId === TRACE));
    await eventually("its events were published", () => published() !== undefined, LIMIT_MS);
    const request = named(CALL);
    const parents = [published()?.parentId, ...(published()?.links ?? []).map(({ spanId }) => spanId)];
    expect(parents).toContain(request?.spanId);
  });

  it("no span lasts as long as the wait; the vote and the answer link to each other's trace", async () => {
    const appends = (): readonly CollectedSpan[] =>
      stack.collector.spans().filter((span) => span.name === "append action" && span.links.some(({ traceId }) => traceId === TRACE));
    const isVote = (span: CollectedSpan): boolean => span.name === VOTE && appends().some(({ parentId }) => parentId === span.spanId);
    await eventually("the vote was heard of", () => stack.collector.spans().some(isVote), LIMIT_MS);
    const vote = stack.collector.spans().find(isVote);
    const append = appends().find(({ parentId }) => parentId === vote?.spanId);
    expect(vote?.events).toContain("approval.SubmitVote");
    expect(append?.links.map(({ traceId }) => traceId)).toEqual([TRACE]);
    const answer = named(`answer ${CALL}`);
    expect(answer?.links.map(({ traceId }) => traceId)).toEqual([vote?.traceId]);
    const request = named(CALL);
    expect(Number(request?.endedAt)).toBeLessThan(Number(vote?.startedAt));
  });
});

describe.skipIf(!hasPrometheus())("Prometheus (needs `prometheus` and `promtool` on the PATH: apt-get install prometheus)", () => {
  let prometheus: RunningPrometheus;
  const rules = async (): Promise<readonly Rule[]> => {
    const { groups } = await prometheus.ask<{ groups: { rules: Rule[] }[] }>("rules");
    return groups.flatMap((group) => group.rules);
  };
  beforeAll(async () => {
    prometheus = await startPrometheus(stack.telemetry);
    const query = { query: "countersign_fsck_flaws" };
    await eventually("it has scraped", async () => (await ask<{ result: unknown[] }>("query", query))?.result.length === 1, LIMIT_MS);
    const asked = Date.now();
    const newer = async (): Promise<boolean> => (await rules()).every(({ lastEvaluation }) => Date.parse(lastEvaluation) > asked);
    await eventually("every rule was evaluated", newer, LIMIT_MS);
  }, 3 * LIMIT_MS);
  afterAll(() => prometheus?.close());

  /** Undefined while it does not answer yet. */
  const ask = <Data>(path: string, query: Readonly<Record<string, string>>): Promise<Data | undefined> =>
    prometheus.ask<Data>(path, query).catch(() => undefined);

  it("evaluates every rule, and every metric that a rule or a panel names is there", async () => {
    expect((await rules()).filter(({ health }) => health !== "ok")).toEqual([]);
    const dashboard = JSON.parse(readFileSync(join(OBSERVABILITY, "dashboard.json"), "utf8")) as {
      panels: { targets?: { expr: string }[] }[];
    };
    const panels = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const loaded = await prometheus.ask<{ groups: { rules: { query: string }[] }[] }>("rules");
    const queries = [...loaded.groups.flatMap((group) => group.rules.map(({ query }) => query)), ...panels];
    const metrics = new Set(
      queries.flatMap(
        (query) =>
          query.match(
            /\b(?:countersign|rpc|messaging|db_client|nodejs|process)_[a-z0-9_]+_(?:total|seconds|bytes|ratio|bucket|count|events)\b|\bcountersign_[a-z_]+(?=[{)\s[]|$)/g,
          ) ?? [],
      ),
    );
    expect(metrics.size).toBeGreaterThan(30);
    let missing: readonly string[] = [];
    const complete = async (): Promise<boolean> => {
      const known = new Set(await prometheus.ask<string[]>("label/__name__/values"));
      missing = [...metrics].filter((metric) => !known.has(metric) && !LABELS.has(metric));
      return missing.length === 0;
    };
    await eventually("everything was scraped", complete, LIMIT_MS).catch(() => {});
    expect(missing).toEqual([]);
    for (const query of panels) await prometheus.ask("query", { query: query.replaceAll(/\$__\w+/g, "5m") });
  });

  it("what happened is counted, and a bucket names a trace", async () => {
    const value = async (query: string): Promise<number> => {
      const { result } = await prometheus.ask<{ result: { value: [number, string] }[] }>("query", { query });
      return Number(result[0]?.value[1] ?? Number.NaN);
    };
    expect(await value('countersign_votes_refused_total{countersign_reason="SELF_APPROVAL"}')).toBe(1);
    expect(await value('countersign_grants_total{countersign_outcome="redeemed"}')).toBe(1);
    expect(await value('countersign_actions_total{countersign_outcome="succeeded"}')).toBe(1);
    expect(await value('sum(countersign_ready{countersign_check="postgres"})')).toBe(1);
    const range = {
      query: "rpc_server_call_duration_seconds_bucket",
      start: String(Date.now() / 1000 - 600),
      end: String(Date.now() / 1000 + 10),
    };
    const found = await prometheus.ask<{ exemplars: { labels: { trace_id: string } }[] }[]>("query_exemplars", range);
    const traces = new Set(stack.collector.spans().map(({ traceId }) => traceId));
    const exemplars = found.flatMap((series) => series.exemplars.map(({ labels }) => labels.trace_id));
    expect(exemplars.some((trace) => traces.has(trace))).toBe(true);
  });

  it("in bad health each alert fires, in good health none, and the runbook knows them all", () => {
    const test = (): string =>
      execFileSync("promtool", ["test", "rules", "alerts.test.yaml"], { cwd: OBSERVABILITY, encoding: "utf8", stdio: "pipe" });
    expect(test()).toContain("SUCCESS");
    const names = (file: string, pattern: RegExp): Set<string> =>
      new Set([...readFileSync(join(OBSERVABILITY, file), "utf8").matchAll(pattern)].map(([, name]) => name ?? ""));
    const alerts = names("alerts.yaml", /alert: (\w+)/g);
    expect(names("alerts.test.yaml", /alertname="(\w+)"/g)).toEqual(alerts);
    const runbook = readFileSync(join(OBSERVABILITY, "../runbook.md"), "utf8");
    expect([...alerts].filter((alert) => !runbook.includes(`### ${alert}\n`))).toEqual([]);
  });
});

/** Labels look like metrics. */
const LABELS = new Set([
  "countersign_check",
  "countersign_consumer",
  "countersign_channel",
  "countersign_state",
  "countersign_outcome",
  "countersign_reason",
  "countersign_issuer",
]);

describe("what goes out", () => {
  const get = async (path: string): Promise<{ status: number; body: string }> => {
    const answer = await fetch(`http://${stack.telemetry}${path}`);
    return { status: answer.status, body: await answer.text() };
  };

  it("readiness says what is missing, and is there again by itself", async () => {
    expect((await get("/livez")).status).toBe(200);
    await eventually("everything is ready", async () => (await get("/readyz")).status === 200, LIMIT_MS);
    expect(JSON.parse((await get("/readyz")).body)).toMatchObject({
      ready: true,
      checks: { postgres: "ok", nats: "ok", "consumer audit.actions": "ok" },
    });
    const database = openDatabase({ url: stack.databaseUrl, role: null, name: "test" });
    await database.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );
    await database.close();
    await eventually("it is ready again", async () => (await get("/readyz")).status === 200, LIMIT_MS);
  });

  it("P7: no line, metric, span or probe holds a secret, a parameter, a reason or an address, whatever fails", async () => {
    await eventually(
      "every channel has failed",
      () => ["hook", "slack", "mail"].every((name) => stack.program.output().includes(`"channel":"${name}"`)),
      LIMIT_MS,
    );
    const out = [stack.program.output(), stack.collector.text(), (await get("/metrics")).body, (await get("/readyz")).body].join("\n");
    const { password } = new URL(stack.databaseUrl);
    const secrets = [...Object.values(PLANTED), ...tokens, password].filter(Boolean);
    expect(secrets.filter((secret) => out.includes(secret))).toEqual([]);
    for (const line of stack.program
      .output()
      .split("\n")
      .filter((each) => each.startsWith("{")))
      expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(stack.program.output()).toMatch(/"trace_id":"[0-9a-f]{32}"/);
    expect([...stack.collector.paths()].toSorted()).toEqual(["/v1/metrics", "/v1/traces"]);
  });
});
