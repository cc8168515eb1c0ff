import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import type { StreamHandler } from "@countersign/grpc-kit";
import { ActionStatus, CommentKind } from "@countersign/proto/v1/action_pb";
import { RequestAndWatchRequestSchema, WatchActionRequestSchema } from "@countersign/proto/v1/action_service_pb";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { failing, INPUT, PlayedServer, replyWith, stateOf } from "./testing/played-server.ts";

let played: PlayedServer;

beforeEach(async () => {
  played = await PlayedServer.start();
  played.unary["RequestAction"] = async () => replyWith(ActionStatus.IN_REVIEW);
});
afterEach(() => played.close());

const approved: StreamHandler = (_request, _call, send) => send(stateOf(ActionStatus.APPROVED, { version: 9n }, "a.b.c"));
const broken: StreamHandler = async () => {
  throw new CommandError("UNAVAILABLE", "SHUTTING_DOWN", "no");
};
/** One after the other, for each stream one; the last one stays. */
const inTurn = (...handlers: readonly StreamHandler[]): StreamHandler => {
  let next = 0;
  return (...given) => {
    next += 1;
    return handlers[Math.min(next, handlers.length) - 1]!(...given);
  };
};
/** A stream that says nothing, and what it knows of its end. */
function silence() {
  const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const watch: StreamHandler = async (_request, call) => {
    const aborted = once(call.signal, "abort");
    begun.resolve();
    await aborted;
    ended.resolve();
  };
  return { watch, begun: begun.promise, ended: ended.promise };
}
const resumedAfter = () =>
  played.calls
    .filter(({ method }) => method === "WatchAction")
    .map(({ request }) => fromBinary(WatchActionRequestSchema, request).afterVersion);

describe("requestAndWatch", () => {
  it("allowed at once: has the decision with the answer, in one call", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, {}, "a.b.c");
    const requested = await played.client.requestAndWatch(INPUT);
    expect(requested).toMatchObject({
      action: { status: ActionStatus.APPROVED, input: { action: { name: "db.export" } } },
      grantToken: "a.b.c",
    });
    expect(await requested.decided()).toMatchObject({ action: { id: "a1", status: ActionStatus.APPROVED }, grantToken: "a.b.c" });
    expect(played.methods()).toEqual(["RequestAndWatch"]);
  });

  it("in review: resolves at once, and the same call brings the decision", async () => {
    const decide = Promise.withResolvers<void>();
    played.watch = async (...given) => {
      await decide.promise;
      await approved(...given);
    };
    const requested = await played.client.requestAndWatch(INPUT);
    expect(requested).toMatchObject({ action: { status: ActionStatus.IN_REVIEW }, grantToken: "" });
    const decisions = [requested.decided(), requested.decided()];
    decide.resolve();
    for (const decision of decisions) expect(await decision).toMatchObject({ action: { version: 9n }, grantToken: "a.b.c" });
    expect(played.methods()).toEqual(["RequestAndWatch"]);
  });

  it("is asked again with the same key when it breaks before it is answered", async () => {
    played.unary["RequestAction"] = failing(2, "UNAVAILABLE", "LOG_UNREACHABLE", replyWith(ActionStatus.APPROVED, {}, "a.b.c"));
    await played.client.requestAndWatch(INPUT);
    await played.client.requestAndWatch(INPUT);
    const keys = played.calls.map(({ request }) => fromBinary(RequestAndWatchRequestSchema, request).idempotencyKey);
    expect([keys.length, new Set(keys.slice(0, 3)).size, new Set(keys).size]).toEqual([4, 1, 2]);
  });

  it("goes on as a watch from the last version seen when it breaks later", async () => {
    const later: StreamHandler = async (request, call, send) => {
      await send(stateOf(ActionStatus.IN_REVIEW, { version: 5n }));
      await broken(request, call, send);
    };
    played.watch = inTurn(broken, approved);
    const first = await played.client.requestAndWatch(INPUT);
    expect(await first.decided()).toMatchObject({ grantToken: "a.b.c" });
    played.watch = inTurn(later, approved);
    const second = await played.client.requestAndWatch(INPUT);
    expect(await second.decided()).toMatchObject({ grantToken: "a.b.c" });
    expect(resumedAfter()).toEqual([3n, 5n]);
  });

  it("what cannot be mended is said to whoever waits, and to nobody else", async () => {
    played.watch = async () => {
      throw new CommandError("RESOURCE_EXHAUSTED", "WATCH_QUOTA", "no");
    };
    const forgotten = await played.client.requestAndWatch(INPUT);
    const requested = await played.client.requestAndWatch(INPUT);
    await expect(requested.decided()).rejects.toMatchObject({ reason: "WATCH_QUOTA" });
    await turn();
    expect(forgotten.action.id).toBe("a1");
    expect(played.methods()).toEqual(["RequestAndWatch", "RequestAndWatch"]);
  });

  it("ends when it is aborted, before the answer and after", async () => {
    const unanswered = silence();
    played.unary["RequestAction"] = async (request, call) => {
      await unanswered.watch(request, call, async () => {});
      return new Uint8Array();
    };
    const first = new AbortController();
    const asked = played.client.requestAndWatch(INPUT, { signal: first.signal });
    await unanswered.begun;
    first.abort();
    await expect(asked).rejects.toMatchObject({ code: "CANCELLED" });
    await unanswered.ended;

    const undecided = silence();
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.IN_REVIEW);
    played.watch = undecided.watch;
    const second = new AbortController();
    const requested = await played.client.requestAndWatch(INPUT, { signal: second.signal });
    const decided = requested.decided();
    second.abort(new Error("enough"));
    await expect(decided).rejects.toThrow("enough");
    await undecided.ended;
  });

  it("ends with its client", async () => {
    const { watch, begun, ended } = silence();
    played.watch = watch;
    const requested = await played.client.requestAndWatch(INPUT);
    const decided = requested.decided();
    await begun;
    played.client.close();
    await expect(decided).rejects.toMatchObject({ reason: "CLIENT_CLOSED" });
    await ended;
  });

  it("is not waited for longer than its caller likes until it is answered", async () => {
    const { watch, ended } = silence();
    played.unary["RequestAction"] = async (request, call) => {
      await watch(request, call, async () => {});
      return new Uint8Array();
    };
    await expect(played.client.requestAndWatch(INPUT, { timeoutMs: 50 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await ended;
  });

  it("holds no place on the server for a caller who has forgotten it, and another one when it comes back", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { watch, begun, ended } = silence();
    played.watch = inTurn(watch, approved);
    const requested = await played.client.requestAndWatch(INPUT);
    await begun;
    vi.advanceTimersByTime(10_000);
    await ended;
    vi.useRealTimers();
    expect(await requested.decided()).toMatchObject({ grantToken: "a.b.c" });
    expect(resumedAfter()).toEqual([3n]);
  });

  it("answers a question that was asked before it came", async () => {
    const question = { number: 1, kind: CommentKind.QUESTION, text: "which rows?" };
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.IN_REVIEW, { review: { comments: [question] } });
    const answered = Promise.withResolvers<void>();
    played.unary["AddComment"] = async () => {
      answered.resolve();
      return new Uint8Array();
    };
    played.watch = inTurn(silence().watch, async (request, call, send) => {
      await send(stateOf(ActionStatus.IN_REVIEW, { questions: [question] }));
      await answered.promise;
      await approved(request, call, send);
    });
    const requested = await played.client.requestAndWatch(INPUT, { onQuestion: ({ text }) => `to ${text}` });
    expect(await requested.decided()).toMatchObject({ grantToken: "a.b.c" });
    expect(resumedAfter()).toEqual([0n]);
  });
});
