import { fromBinary } from "@bufbuild/protobuf";
import { CommandError, type FailureCode, type FailureReason } from "@countersign/bus";
import type { RpcCall } from "@countersign/grpc-kit";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { RequestActionRequestSchema, WatchActionRequestSchema } from "@countersign/proto/v1/action_service_pb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createClient } from "./client.ts";
import { failing, INPUT, PlayedServer, replyWith, stateOf } from "./testing/played-server.ts";

const ID = "a1";

let played: PlayedServer;

beforeEach(async () => {
  played = await PlayedServer.start();
});
afterEach(() => played.close());

const hang = (call: RpcCall) =>
  new Promise<void>((_resolve, reject) => call.signal.addEventListener("abort", () => reject(call.signal.reason as Error)));

describe("calls", () => {
  it("fail with code, reason, violations and metadata", async () => {
    played.unary["GetAction"] = failing(1, "INVALID_ARGUMENT", "FIELD_VIOLATION");
    await expect(played.client.actions.getAction({ actionId: ID })).rejects.toMatchObject({
      name: "CountersignError",
      code: "INVALID_ARGUMENT",
      reason: "FIELD_VIOLATION",
      retryable: false,
      effect: "none",
      violations: [{ field: "f", description: "d" }],
      metadata: { k: "v" },
    });
    expect(played.methods()).toEqual(["GetAction"]);
  });

  it.each<[FailureCode, FailureReason]>([
    ["UNAVAILABLE", "LOG_UNREACHABLE"],
    ["ABORTED", "LOST_RACE"],
  ])("are repeated after %s, with the same idempotency key", async (code, reason) => {
    played.unary["RequestAction"] = failing(2, code, reason, replyWith(ActionStatus.IN_REVIEW));
    await played.client.requestAction(INPUT);
    await played.client.requestAction(INPUT);
    const keys = played.calls.map(({ request }) => fromBinary(RequestActionRequestSchema, request).idempotencyKey);
    expect(keys).toHaveLength(4);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(keys[3]).not.toBe(keys[0]);
  });

  it("that are called off between two attempts say what the first one came to", async () => {
    played.unary["RedeemGrant"] = failing(9, "UNAVAILABLE", "LOG_UNREACHABLE");
    const client = createClient({
      address: `127.0.0.1:${played.server.port}`,
      token: "t",
      retry: { attempts: 4, baseMs: 2 ** 30, maxMs: 2 ** 30 },
    });
    const controller = new AbortController();
    const call = { timeoutMs: 24 * 86_400_000, signal: controller.signal };
    const redeemed = client.redeem("a.b.c", new Uint8Array(32), call);
    await vi.waitFor(() => expect(played.calls).toHaveLength(1), 20_000);
    controller.abort(new Error("enough"));
    await expect(redeemed).rejects.toMatchObject({ name: "CountersignError", effect: "unknown" });
    client.close();
  });

  it("are not repeated when that cannot help", async () => {
    for (const [code, reason] of [
      ["RESOURCE_EXHAUSTED", "TOO_LARGE"],
      ["FAILED_PRECONDITION", "GRANT_REDEEMED"],
      ["DEADLINE_EXCEEDED", "TIMEOUT"],
      ["INTERNAL", "BUG"],
      ["DATA_LOSS", "LOG_CORRUPT"],
    ] as const) {
      played.calls = [];
      played.unary["GetAction"] = failing(9, code, reason);
      await expect(played.client.actions.getAction({ actionId: ID })).rejects.toMatchObject({ code, reason, retryable: false });
      expect(played.methods()).toHaveLength(1);
    }
  });

  it("are repeated no longer than the call may take", async () => {
    const [refuse, now] = [failing(9, "RESOURCE_EXHAUSTED", "OVERLOADED"), Date.now];
    played.unary["GetAction"] = (...given) => {
      vi.spyOn(Date, "now").mockImplementation(() => now() + 60_000);
      return refuse(...given);
    };
    const asked = played.client.actions.getAction({ actionId: ID }, { timeoutMs: 60_000 });
    await expect(asked).rejects.toMatchObject({ reason: "OVERLOADED" });
    expect(played.methods()).toHaveLength(1);
  });

  it("that take an action back or accept its edit are repeated: the second time changes nothing", async () => {
    const { actions } = played.client;
    for (const call of [actions.cancelAction, actions.acceptEdit]) {
      played.calls = [];
      played.unary["CancelAction"] = failing(1, "UNAVAILABLE", "LOG_UNREACHABLE");
      played.unary["AcceptEdit"] = failing(1, "UNAVAILABLE", "LOG_UNREACHABLE");
      await call({ actionId: ID });
      expect(played.methods()).toHaveLength(2);
    }
  });

  it("that vote are repeated only when the first attempt surely changed nothing", async () => {
    played.unary["SubmitVote"] = failing(1, "ABORTED", "LOST_RACE");
    await played.client.reviews.submitVote({ actionId: ID });
    played.unary["SubmitVote"] = failing(1, "UNAVAILABLE", "LOG_UNREACHABLE");
    await expect(played.client.reviews.submitVote({ actionId: ID })).rejects.toMatchObject({ effect: "unknown" });
    expect(played.methods()).toHaveLength(3);
  });

  it.each(["POLICY_UNREACHABLE", "DIRECTORY_UNREACHABLE", "UNKNOWN_EVENT"] as const)(
    "that vote are repeated after %s: it was said before anything was written, as while instances are replaced",
    async (reason) => {
      played.unary["SubmitVote"] = failing(1, "UNAVAILABLE", reason);
      await played.client.reviews.submitVote({ actionId: ID });
      expect(played.methods()).toEqual(["SubmitVote", "SubmitVote"]);
    },
  );

  it("ask for the token each time", async () => {
    played.token = () => `t${played.calls.length}`;
    await played.client.actions.getAction({ actionId: ID });
    await played.client.actions.getAction({ actionId: ID });
    expect(played.calls.map((each) => each.token)).toEqual(["t0", "t1"]);
  });

  it("P7: do not send a token in the clear beyond this machine", async () => {
    const far = createClient({
      address: `ipv4:127.0.0.1:${played.server.port}`,
      token: "secret",
      retry: { attempts: 1, baseMs: 1, maxMs: 1 },
    });
    await expect(far.actions.getAction({ actionId: ID }, { timeoutMs: 500 })).rejects.toBeDefined();
    far.close();
    expect(played.calls).toEqual([]);
  });
});

describe("waitForDecision", () => {
  it("takes a broken stream up again after the last version seen", async () => {
    played.watch = async (request, call, send) => {
      const { afterVersion, untilDecided } = fromBinary(WatchActionRequestSchema, request);
      if (afterVersion === 0n) {
        await send(stateOf(ActionStatus.IN_REVIEW));
        throw new CommandError("UNAVAILABLE", "SHUTTING_DOWN", "no");
      }
      await send(stateOf(ActionStatus.APPROVED, { version: 5n }, "a.b.c"));
      if (!untilDecided) await hang(call);
    };
    expect(await played.client.waitForDecision(ID)).toMatchObject({ action: { version: 5n }, grantToken: "a.b.c" });
    expect(played.calls.map(({ request }) => fromBinary(WatchActionRequestSchema, request).afterVersion)).toEqual([0n, 3n]);
  });

  it("finds a decision that came at the very version it was given", async () => {
    played.watch = async (request, _call, send) => {
      if (fromBinary(WatchActionRequestSchema, request).afterVersion === 0n) await send(stateOf(ActionStatus.DENIED));
    };
    expect(await played.client.waitForDecision(ID, { afterVersion: 3n })).toMatchObject({ action: { status: ActionStatus.DENIED } });
  });

  it("goes on with a new token when the old one expired meanwhile, and gives up when there is none", async () => {
    played.watch = async (_request, call, send) => {
      if (call.bearerToken === "fresh") return send(stateOf(ActionStatus.REJECTED, { version: 4n }));
      await send(stateOf(ActionStatus.IN_REVIEW));
      throw new CommandError("UNAUTHENTICATED", "TOKEN_EXPIRED", "no");
    };
    played.token = () => (played.calls.length === 0 ? "stale" : "fresh");
    expect(await played.client.waitForDecision(ID)).toMatchObject({ action: { status: ActionStatus.REJECTED } });
    played.watch = async () => {
      throw new CommandError("UNAUTHENTICATED", "TOKEN_EXPIRED", "no");
    };
    await expect(played.client.waitForDecision(ID)).rejects.toMatchObject({ reason: "TOKEN_EXPIRED" });
  });

  it("gives up on what will not change", async () => {
    played.watch = async () => {
      throw new CommandError("NOT_FOUND", "NOT_FOUND", "no");
    };
    await expect(played.client.waitForDecision(ID)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("stops when it is told to", async () => {
    played.watch = (_request, call) => hang(call);
    const controller = new AbortController();
    const waiting = played.client.waitForDecision(ID, { signal: controller.signal });
    await vi.waitFor(() => expect(played.calls).toHaveLength(1), { timeout: 20_000, interval: 2 });
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow();
  });
});
