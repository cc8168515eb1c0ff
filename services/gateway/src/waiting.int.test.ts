import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { ActionService, WatchActionResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { recordSpans } from "@countersign/telemetry/testing";
import { until } from "@countersign/testing";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { GatewayFixture } from "./testing/gateway-fixture.ts";
import { listen } from "./testing/listen.ts";
import { ASKED as input, PlayedAction } from "./testing/played-action.ts";

const { method } = ActionService;

let fixture: GatewayFixture;
let action: PlayedAction;
let elapsed = 0;

beforeEach(async () => {
  elapsed = 0;
  // Looking again by itself is slow here, so that only hints explain a quick answer.
  fixture = await GatewayFixture.start(
    { COUNTERSIGN_RECHECK_INTERVAL: "60s", COUNTERSIGN_MAX_WATCHES_PER_TENANT: "3" },
    () => new Date(Date.now() + elapsed),
  );
  action = new PlayedAction();
  action.answer(fixture.answers);
});
afterEach(() => fixture.close());

const requesting = async (waitMs: number, timeoutMs = 30_000) =>
  fixture
    .transport(await fixture.token(["requester"]))
    .unary(method.requestAction, { input, idempotencyKey: "k", wait: durationFromMs(waitMs) }, { timeoutMs });
const watching = async (
  options: {
    afterVersion?: bigint;
    id?: string;
    roles?: string[];
    who?: string;
    tenant?: string;
    lifetimeSeconds?: number;
    untilDecided?: boolean;
  } = {},
) => {
  const {
    id: actionId = action.id,
    afterVersion = 0n,
    who = "alice",
    roles = ["requester"],
    tenant = "acme",
    lifetimeSeconds = 60,
    untilDecided = false,
  } = options;
  const transport = fixture.transport(await fixture.token(roles, { id: who, tenant, lifetimeSeconds }));
  const { told: seen, ...rest } = listen(
    (signal) => transport.stream(method.watchAction, { actionId, afterVersion, untilDecided }, { signal }),
    (message) => message,
  );
  return { seen, ...rest, versions: () => seen.map((each) => Number(each.action?.version)) };
};

/** What was read for those who wait: as new as this at least; 0: as the log has it, as it is again and again on a slow machine. */
const known = () => fixture.sent.filter(({ method: name }) => name !== "RequestAction").map(({ command }) => Number(command.knownVersion));

describe("RequestAction with wait", () => {
  it("answers at once when policy has decided", async () => {
    action.moveTo(ActionStatus.APPROVED);
    expect(await requesting(60_000)).toMatchObject({ grantToken: "a.grant.token" });
    expect(action.reads).toBe(0);
  });

  it("answers when people have decided, with the token for the requester", async () => {
    const reply = requesting(60_000);
    await until(() => action.reads >= 1);
    action.moveTo(ActionStatus.APPROVED);
    fixture.feed.say("acme", action.id, action.version);
    expect(await reply).toMatchObject({ action: { status: ActionStatus.APPROVED }, grantToken: "a.grant.token" });
  });

  it("does not miss a decision that falls between the reply and the watch", async () => {
    fixture.answers["RequestAction"] = async (command) => {
      const reply = await action.request(command);
      action.moveTo(ActionStatus.REJECTED);
      return reply;
    };
    expect(await requesting(60_000)).toMatchObject({ action: { status: ActionStatus.REJECTED } });
  });

  it("stays when something happens that decides nothing", async () => {
    const reply = requesting(60_000);
    await until(() => action.reads >= 1);
    action.moveTo(ActionStatus.IN_REVIEW);
    fixture.feed.say("acme", action.id, action.version);
    await until(() => known().includes(action.version));
    action.moveTo(ActionStatus.EXPIRED);
    fixture.feed.say("acme", action.id, action.version);
    expect(await reply).toMatchObject({ action: { status: ActionStatus.EXPIRED } });
  });

  it("answers with the state as it is when the time is over, or the deadline near", async () => {
    expect(await requesting(100)).toMatchObject({ action: { status: ActionStatus.IN_REVIEW }, grantToken: "" });
    let now = Date.now();
    vi.spyOn(Date, "now").mockImplementation(() => now);
    const { reads } = action;
    const reply = requesting(60_000, 30_000);
    await until(() => action.reads > reads);
    now += 29_990;
    expect(await reply).toMatchObject({ action: { status: ActionStatus.IN_REVIEW } });
  });

  it("P4: says what was recorded when there is no room to wait, or no way to look again", async () => {
    const others = await Promise.all([watching(), watching(), watching()]);
    await until(() => others.every(({ seen }) => seen.length === 1));
    expect(await requesting(60_000)).toMatchObject({ action: { id: action.id, status: ActionStatus.IN_REVIEW } });
    for (const { abort } of others) abort.abort();
    await Promise.all(others.map(({ ended }) => ended));
    fixture.answers["GetAction"] = async () => {
      throw new CommandError("UNAVAILABLE", "LOG_UNREACHABLE", "no");
    };
    expect(await requesting(60_000)).toMatchObject({ action: { id: action.id, status: ActionStatus.IN_REVIEW } });
  });

  it("ends with UNAVAILABLE when the gateway closes, so that the caller goes on elsewhere", async () => {
    const refused = requesting(60_000).catch((error: { code: string; reason: string }) => error);
    await until(() => action.reads >= 1);
    await fixture.gateway.close();
    expect(await refused).toMatchObject({ code: "UNAVAILABLE", reason: "SHUTTING_DOWN" });
  });
});

describe("WatchAction", () => {
  it("P8: ends when what its caller has not taken is more than a tenant's part of the memory", async () => {
    fixture.answers["WatchAction"] = async (command) => {
      const state = fromBinary(WatchActionResponseSchema, await action.watch(command));
      return toBinary(WatchActionResponseSchema, { ...state, grantToken: "a".repeat(65 * 1024 * 1024) });
    };
    const { seen, ended } = await watching();
    expect([await ended, seen]).toEqual(["RESOURCE_EXHAUSTED OVERLOADED", []]);
  });

  it("ends well after the decision, if that is all the caller wants", async () => {
    const { seen, ended } = await watching({ untilDecided: true });
    await until(() => seen.length === 1);
    action.moveTo(ActionStatus.APPROVED);
    fixture.feed.say("acme", action.id, action.version);
    expect(await ended).toBe("OK");
    expect(seen.map((each) => each.action?.status)).toEqual([ActionStatus.IN_REVIEW, ActionStatus.APPROVED]);
  });

  it("takes what is as new as the caller knows for a start, and asks the log soon after", async () => {
    const { abort } = await watching({ afterVersion: BigInt(action.version) });
    await until(() => action.reads >= 2);
    expect(known().slice(0, 2)).toEqual([action.version, 0]);
    abort.abort();
  });

  it("says which version it heard of, and asks the log when it heard of none", async () => {
    const { seen, abort } = await watching();
    await until(() => seen.length === 1);
    action.moveTo(ActionStatus.APPROVED);
    fixture.feed.say("acme", action.id, action.version);
    await until(() => seen.length === 2);
    expect([known()[0], known().filter((version) => version > 0)]).toEqual([0, [action.version]]);
    abort.abort();
  });

  it("asks again when the instance that was asked died with the question in hand", async () => {
    let asked = 0;
    fixture.answers["WatchAction"] = (command) => {
      asked += 1;
      return asked === 1 ? new Promise<never>(() => {}) : action.watch(command);
    };
    const { seen, abort } = await watching();
    // Sooner than the call's own 10 s.
    await until(() => seen.length === 1);
    abort.abort();
  });

  it("sends the action now, at each change, and ends when it is terminal", async () => {
    const { seen, ended, versions } = await watching();
    await until(() => seen.length === 1);
    action.moveTo(ActionStatus.APPROVED);
    fixture.feed.say("acme", action.id, action.version);
    await until(() => seen.length === 2);
    action.moveTo(ActionStatus.REDEEMED);
    fixture.feed.say("acme", action.id, action.version);
    await until(() => seen.length === 3);
    action.moveTo(ActionStatus.SUCCEEDED);
    fixture.feed.say("acme", action.id, action.version);
    expect(await ended).toBe("OK");
    expect(versions()).toEqual([1, 2, 3, 4]);
    expect(seen.map(({ grantToken }) => grantToken)).toEqual(["", "a.grant.token", "", ""]);
  });

  it("gives the token to nobody but the requester", async () => {
    action.moveTo(ActionStatus.APPROVED);
    const { seen, abort } = await watching({ who: "rita", roles: ["reviewer"] });
    await until(() => seen.length === 1);
    expect(seen[0]?.grantToken).toBe("");
    abort.abort();
  });

  it("resumes after a version", async () => {
    action.moveTo(ActionStatus.IN_REVIEW, 5);
    const { ended, versions } = await watching({ afterVersion: 5n });
    await until(() => action.reads >= 1);
    action.moveTo(ActionStatus.REJECTED, 6);
    fixture.feed.say("acme", action.id, 6);
    expect(await ended).toBe("OK");
    expect(versions()).toEqual([6]);
  });

  it("ends without a message when the terminal state is known already", async () => {
    action.moveTo(ActionStatus.DENIED, 3);
    const { ended, versions } = await watching({ afterVersion: 3n });
    expect([await ended, versions()]).toEqual(["OK", []]);
  });

  it("folds a burst into the last state", async () => {
    const { seen, ended, versions } = await watching();
    await until(() => seen.length === 1);
    action.moveTo(ActionStatus.REJECTED, 7);
    for (const version of [2, 3, 4, 5, 6, 7]) fixture.feed.say("acme", action.id, version);
    expect(await ended).toBe("OK");
    expect([versions(), known().filter((version) => version > 0)]).toEqual([[1, 7], [7]]);
  });

  it("P7: finds out although the feed lost every message", async () => {
    const { seen, ended } = await watching();
    await until(() => seen.length === 1);
    action.moveTo(ActionStatus.CANCELLED);
    expect(await ended).toBe("OK");
  });

  it("P8: finds nothing of another tenant, and hears nothing of it", async () => {
    const { ended } = await watching({ tenant: "globex" });
    expect(await ended).toBe("NOT_FOUND NOT_FOUND");
  });

  it("P7: ends when the token has expired", async () => {
    const { seen, ended } = await watching({ lifetimeSeconds: 10 });
    await until(() => seen.length === 1);
    elapsed = 41_000;
    fixture.feed.say("acme", action.id, 2);
    expect(await ended).toBe("UNAUTHENTICATED TOKEN_EXPIRED");
  });

  it("is held so many times per tenant, and each place is free again when the caller hangs up", async () => {
    // The gateway hears in its time that a caller hung up.
    const place = () =>
      vi.waitFor(
        async () => {
          const watch = await watching();
          expect(await Promise.race([watch.ended, until(() => watch.seen.length === 1).then(() => "open")])).toBe("open");
          return watch;
        },
        { timeout: 20_000, interval: 2 },
      );
    for (let round = 0; round < 3; round += 1) {
      const held = [await place(), await place(), await place()];
      expect(await (await watching()).ended).toBe("RESOURCE_EXHAUSTED WATCH_QUOTA");
      for (const { abort, ended } of held) {
        abort.abort();
        await ended;
      }
    }
  });
});

describe("the trace of who waits", () => {
  const VOTE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const asking = async () => {
    const transport = fixture.transport(await fixture.token(["requester"]));
    return listen((signal) => transport.stream(method.requestAndWatch, { input, idempotencyKey: "k" }, { signal }), String).ended;
  };
  it.each<[string, () => Promise<unknown>]>([
    ["RequestAction", () => requesting(60_000)],
    ["RequestAndWatch", asking],
    ["WatchAction", async () => (await watching({ untilDecided: true })).ended],
  ])("%s: the answer is part of the call's, and links to the vote that ended the wait", async (name, wait) => {
    const recorded = recordSpans();
    onTestFinished(() => recorded.close());
    const ended = wait();
    await until(() => fixture.feed.listeners.size === 1);
    action.moveTo(ActionStatus.APPROVED);
    fixture.feed.say("acme", action.id, action.version, { traceparent: VOTE });
    await ended;
    const call = `countersign.v1.ActionService/${name}`;
    const spanOf = (wanted: string) => recorded.spans().find((span) => span.name === wanted);
    await until(() => spanOf(`answer ${call}`) !== undefined);
    expect(spanOf(`answer ${call}`)?.parentSpanContext).toMatchObject({ spanId: spanOf(call)?.spanContext().spanId });
    expect(spanOf(`answer ${call}`)?.links).toMatchObject([
      { context: { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" } },
    ]);
  });
});
