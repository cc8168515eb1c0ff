import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Health } from "@countersign/proto/grpc/health/v1/health_pb";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { ActionService } from "@countersign/proto/v1/action_service_pb";
import { DirectoryService } from "@countersign/proto/v1/directory_service_pb";
import { ReviewService } from "@countersign/proto/v1/review_service_pb";
import { until } from "@countersign/testing";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { GatewayFixture, type Outcome } from "./testing/gateway-fixture.ts";
import { ASKED, PlayedAction } from "./testing/played-action.ts";

const { getGrantKeys, getAction, requestAction, requestAndWatch, watchAction } = ActionService.method;
const { getReview } = ReviewService.method;

const folder = mkdtempSync(join(tmpdir(), "countersign-overload-"));
const quotas = join(folder, "quotas.yaml");
writeFileSync(quotas, "tenants: { limited: { requests_per_second: 0.001, burst: 2 } }\n");
afterAll(() => rmSync(folder, { recursive: true }));

const PLACES = 4;
const action = new PlayedAction();

let fixture: GatewayFixture;
let release: () => void;

/** Services that answer when they are let: everybody, or one more. */
async function start(env: NodeJS.ProcessEnv = {}): Promise<void> {
  fixture = await GatewayFixture.start({
    COUNTERSIGN_MAX_IN_FLIGHT: String(PLACES),
    COUNTERSIGN_ANSWER_TIMEOUT: "60s",
    COUNTERSIGN_QUEUE_TIME: "60s",
    COUNTERSIGN_TARGET_LATENCY: "60s",
    COUNTERSIGN_QUOTAS_FILE: quotas,
    ...env,
  });
  let open = false;
  let held: (() => void)[] = [];
  const wait = () => new Promise<Uint8Array>((resolve) => (open ? resolve(new Uint8Array()) : held.push(() => resolve(new Uint8Array()))));
  for (const method of ["GetGrantKeys", "GetAction", "GetReview"]) fixture.answers[method] = wait;
  release = () => {
    open = true;
    for (const answer of held) answer();
    held = [];
  };
  answerOne = () => held.shift()?.();
}

let answerOne: () => void;

beforeEach(() => start());
afterEach(async () => {
  release();
  await fixture.close();
});

const auth = async (tenant: string) => ({ authorization: `Bearer ${await fixture.token(["requester", "reviewer"], { tenant })}` });
const keys = (headers: Record<string, string>, timeoutMs = 60_000): Promise<Outcome> =>
  fixture.call(getGrantKeys, new Uint8Array(), headers, timeoutMs);
/** The same, of a tenant whose token is verified already: its calls get in line in the turn in which they arrive. */
async function known(tenant: string): Promise<Record<string, string>> {
  const headers = await auth(tenant);
  expect(await fixture.call(DirectoryService.method.getMe, new Uint8Array(), headers)).toMatchObject({ code: "OK" });
  fixture.sent.splice(0);
  return headers;
}
/** Takes every place there is. */
async function fill(headers: Record<string, string>): Promise<readonly Promise<Outcome>[]> {
  const held = Array.from({ length: PLACES }, () => keys(headers));
  await until(() => fixture.sent.length === PLACES);
  return held;
}
/** What was sent on this connection before has arrived: the answer comes behind it. Health is answered however full it is. */
const arrived = async () => {
  for (let times = 0; times < 3; times += 1)
    expect(await fixture.call(Health.method.check, new Uint8Array(), {})).toMatchObject({ code: "OK" });
};

describe("overload", () => {
  it("is refused while somebody still waits for the answer, with a hint when to come back, and passes", async () => {
    await fixture.close();
    await start({ COUNTERSIGN_QUEUE_TIME: "100ms" });
    const acme = await known("acme");
    const held = await fill(acme);
    const { code, error } = await keys(acme);
    expect([code, error?.reason, error?.retryable, error?.retryAfterMs]).toEqual(["RESOURCE_EXHAUSTED", "OVERLOADED", true, 500]);
    expect(fixture.sent).toHaveLength(PLACES);
    release();
    for (const each of await Promise.all(held)) expect(each.code).toBe("OK");
    expect((await keys(acme)).code).toBe("OK");
  });

  it("P8: a tenant with 50 times the calls does not keep the other one's from being next", async () => {
    const noisy = await known("noisy");
    const quiet = await known("quiet");
    const held = [...(await fill(noisy)), ...Array.from({ length: 200 }, () => keys(noisy))];
    const few = Array.from({ length: 4 }, () => keys(quiet));
    await arrived();
    // One answer, one place: who gets it?
    for (let next = PLACES + 1; next <= PLACES + 12; next += 1) {
      answerOne();
      await until(() => fixture.sent.length === next);
    }
    expect(fixture.sent.filter(({ command }) => command.caller?.tenant === "quiet")).toHaveLength(4);
    release();
    for (const each of await Promise.all([...held, ...few])) expect(each.code).toBe("OK");
  });

  it("has the newest of whoever waits most turned away when the line is full", async () => {
    await fixture.close();
    await start({ COUNTERSIGN_MAX_QUEUED: "10" });
    const noisy = await known("noisy");
    const quiet = await known("quiet");
    const held = await fill(noisy);
    const many = Array.from({ length: 30 }, () => keys(noisy));
    const one = keys(quiet);
    await arrived();
    release();
    const refused = (await Promise.all(many)).filter(({ code }) => code === "RESOURCE_EXHAUSTED");
    expect(refused).toHaveLength(21);
    for (const each of await Promise.all([...held, one])) expect(each.code).toBe("OK");
  });

  it("lets what people did go before new questions", async () => {
    const acme = await known("acme");
    const actionId = action.id;
    const held = await fill(acme);
    const questions = Array.from({ length: 10 }, () => fixture.call(getAction, fixture.bytes(getAction, { actionId }), acme, 60_000));
    const click = fixture.call(getReview, fixture.bytes(getReview, { actionId }), acme, 60_000);
    await arrived();
    answerOne();
    await until(() => fixture.sent.length === PLACES + 1);
    expect(fixture.sent.at(-1)?.method).toBe("GetReview");
    release();
    for (const each of await Promise.all([...held, ...questions, click])) expect(each.code).toBe("OK");
  });

  it("is no reason to work for a caller who is gone", async () => {
    const acme = await known("acme");
    const held = await fill(acme);
    expect((await keys(acme, 50)).code).toBe("DEADLINE_EXCEEDED");
    await arrived();
    release();
    await Promise.all(held);
    expect((await keys(acme)).code).toBe("OK");
    expect(fixture.sent).toHaveLength(PLACES + 1);
  });

  it("is not caused by calls that wait for people", async () => {
    fixture.answers["RequestAction"] = action.request;
    fixture.answers["GetAction"] = action.get;
    const acme = await known("acme");
    const bytes = fixture.bytes(requestAction, {
      input: { subject: { type: "agent", id: "a" }, action: { name: "db.export" }, resource: { type: "database", id: "crm" } },
      idempotencyKey: "k",
      wait: { seconds: 60n },
    });
    const waiting = Array.from({ length: 3 * PLACES }, () => fixture.call(requestAction, bytes, acme, 60_000));
    await until(() => fixture.sent.filter(({ method }) => method === "RequestAction").length === 3 * PLACES);
    await fixture.gateway.close();
    for (const each of await Promise.all(waiting)) expect(each.error?.reason).toBe("SHUTTING_DOWN");
  });
});

describe("overload by watches", () => {
  const input = { subject: { type: "agent", id: "a" }, action: { name: "db.export" }, resource: { type: "database", id: "crm" } };
  it.each(["RequestAndWatch", "WatchAction"] as const)("P8: %s is counted until it is answered first, and no longer", async (method) => {
    const asks = method === "RequestAndWatch";
    const [rpc, reply] = asks ? [requestAndWatch, action.request] : [watchAction, action.watch];
    const bytes = asks
      ? fixture.bytes(requestAndWatch, { input, idempotencyKey: "k" })
      : fixture.bytes(watchAction, { actionId: action.id });
    let answered = false;
    const held: (() => void)[] = [];
    fixture.answers["WatchAction"] = action.watch;
    fixture.answers[method] = async (command) => {
      if (!answered) await new Promise<void>((resolve) => held.push(resolve));
      return reply(command);
    };
    const acme = await known("acme");
    const asked = () => fixture.sent.filter((sent) => sent.method === method).length;
    const waiting = Array.from({ length: 3 * PLACES }, () => fixture.call(rpc, bytes, acme, 60_000));
    await until(() => asked() >= PLACES);
    await arrived();
    expect(asked()).toBe(PLACES);
    answered = true;
    for (const answer of held) answer();
    await until(() => asked() >= 3 * PLACES);
    await fixture.gateway.close();
    for (const each of await Promise.all(waiting)) expect(each.error?.reason).toBe("SHUTTING_DOWN");
  });
});

describe("overload by callers who do not read", () => {
  it.each([
    ["is decided at once", true],
    ["finds no place to wait", false],
  ])("P8: RequestAndWatch that %s holds no place for them", async (_, decided) => {
    await fixture.close();
    await start({ COUNTERSIGN_MAX_WATCHES_PER_TENANT: "1" });
    const asked = new PlayedAction();
    if (decided) asked.moveTo(ActionStatus.APPROVED, 1);
    fixture.answers["RequestAndWatch"] = asked.request;
    const acme = await known("acme");
    const request = fixture.bytes(requestAndWatch, { input: ASKED, idempotencyKey: "k" });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(request.length, 1);
    const session = connect(`http://${fixture.gateway.address}`, { settings: { initialWindowSize: 0 } });
    await once(session, "remoteSettings");
    const path = `/${ActionService.typeName}/${requestAndWatch.name}`;
    for (let times = 0; times < 3 * PLACES; times += 1) {
      const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...acme });
      stream.on("error", () => {}).end(Buffer.concat([head, request]));
    }
    await until(() => fixture.sent.length === 3 * PLACES);
    release();
    expect((await keys(acme)).code).toBe("OK");
    session.destroy();
  });
});

describe("a tenant's quota of requests", () => {
  it("is kept for it alone, and does not count what people did", async () => {
    release();
    const limited = await auth("limited");
    const outcomes = [await keys(limited), await keys(limited), await keys(limited)];
    expect(outcomes.map(({ code }) => code)).toEqual(["OK", "OK", "RESOURCE_EXHAUSTED"]);
    const { error } = outcomes[2] ?? {};
    expect(error).toMatchObject({ reason: "REQUEST_QUOTA", retryable: true, metadata: { quota: "requests_per_second", limit: "0.001" } });
    expect(error?.retryAfterMs).toBeGreaterThan(900_000);
    const vote = await fixture.call(getReview, fixture.bytes(getReview, { actionId: action.id }), limited);
    expect([vote.code, (await keys(await auth("acme"))).code]).toEqual(["OK", "OK"]);
  });
});
