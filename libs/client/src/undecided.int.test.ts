import { fromBinary } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import type { StreamHandler } from "@countersign/grpc-kit";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { RequestActionRequestSchema } from "@countersign/proto/v1/action_service_pb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CountersignClient } from "./client.ts";
import { requireApproval } from "./require-approval.ts";
import { INPUT, PlayedServer, replyWith, stateOf } from "./testing/played-server.ts";

describe("requireApproval that ends before there is a decision", () => {
  let played: PlayedServer;
  let ran: unknown[];
  const run = (input: unknown) => void ran.push(input);
  beforeEach(async () => {
    played = await PlayedServer.start();
    ran = [];
  });
  afterEach(() => played.close());

  const untilGone: StreamHandler = (_request, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("the caller went away"))));

  /** Does this once the first answer is there. */
  const whenAsked = (then: () => void): CountersignClient => ({
    ...played.client,
    requestAndWatch: async (...asked) => {
      const requested = await played.client.requestAndWatch(...asked);
      setImmediate(then);
      return requested;
    },
  });

  it("names the action that it leaves undecided, whatever ends the wait, so that somebody can come back to it", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.IN_REVIEW);
    const fails = (error: object) =>
      expect(requireApproval(whenAsked(end), INPUT, run)).rejects.toMatchObject({ name: "CountersignError", actionId: "a1", ...error });
    let end = (): void => {};
    played.watch = () => Promise.reject(new CommandError("PERMISSION_DENIED", "ROLE_MISSING", "no"));
    await fails({ code: "PERMISSION_DENIED", reason: "ROLE_MISSING" });
    played.watch = async () => {
      played.token = () => {
        throw new Error("the vault is sealed");
      };
    };
    await fails({ code: "UNKNOWN", effect: "none", message: "the vault is sealed", cause: { message: "the vault is sealed" } });
    played.token = () => "t";
    played.watch = untilGone;
    end = () => played.client.close();
    await fails({ reason: "CLIENT_CLOSED" });
    expect(ran).toEqual([]);
  });

  it("what is called off while it waits is cancelled, unless its key lets somebody come back to it", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.IN_REVIEW);
    played.unary["CancelAction"] = async () => stateOf(ActionStatus.CANCELLED);
    for (const [key, end] of [
      [{}, ["RequestAndWatch", "CancelAction"]],
      [{ idempotencyKey: "k" }, ["CancelAction", "RequestAndWatch"]],
    ] as const) {
      const calledOff = new AbortController();
      played.watch = untilGone;
      const client = whenAsked(() => calledOff.abort(new Error("enough")));
      const waiting = requireApproval(client, INPUT, run, { signal: calledOff.signal, ...key });
      await expect(waiting).rejects.toMatchObject({ code: "CANCELLED", actionId: "a1", effect: "none", cause: { message: "enough" } });
      expect(played.methods().slice(-2)).toEqual(end);
    }
    expect(ran).toEqual([]);
  });

  it("what is called off before its first answer is found by its key and cancelled, unless that lets somebody come back to it", async () => {
    let calledOff = new AbortController();
    played.unary["RequestAction"] = async (_request, { signal }) => {
      if (calledOff.signal.aborted) return replyWith(ActionStatus.IN_REVIEW);
      setImmediate(() => calledOff.abort(new Error("enough")));
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("the caller went away"))));
    };
    played.unary["CancelAction"] = async () => stateOf(ActionStatus.CANCELLED);
    await expect(requireApproval(played.client, INPUT, run, { signal: calledOff.signal })).rejects.toMatchObject({
      code: "CANCELLED",
      actionId: "a1",
    });
    expect(played.methods()).toEqual(["RequestAndWatch", "RequestAction", "CancelAction"]);
    const keys = played.calls.slice(0, 2).map(({ request }) => fromBinary(RequestActionRequestSchema, request).idempotencyKey);
    expect([keys[0] === "", keys[1]]).toEqual([false, keys[0]]);
    // What was called off before anything was sent leaves nothing behind.
    await expect(requireApproval(played.client, INPUT, run, { signal: calledOff.signal })).rejects.toThrow();
    calledOff = new AbortController();
    const keyed = requireApproval(played.client, INPUT, run, { signal: calledOff.signal, idempotencyKey: "k" });
    await expect(keyed).rejects.toMatchObject({ code: "CANCELLED" });
    expect(played.methods().slice(3)).toEqual(["RequestAndWatch"]);
    expect(ran).toEqual([]);
  });
});
