import { fromBinary } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import { ActionStatus, CommentKind, type Comment } from "@countersign/proto/v1/action_pb";
import { RedeemGrantRequestSchema } from "@countersign/proto/v1/action_service_pb";
import { AddCommentRequestSchema } from "@countersign/proto/v1/review_service_pb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ActionInput } from "./client.ts";
import { requireApproval } from "./require-approval.ts";
import { digestFor, failing, INPUT, PlayedServer, receipt, replyWith } from "./testing/played-server.ts";

let played: PlayedServer;

beforeEach(async () => {
  played = await PlayedServer.start();
});
afterEach(() => played.close());

describe("P7: requireApproval runs nothing that is not approved", () => {
  let ran: ActionInput[];
  const run = (approved: ActionInput) => {
    ran.push(approved);
    return "rows";
  };
  beforeEach(() => {
    ran = [];
    played.unary["RedeemGrant"] = async () => receipt();
    played.unary["ReportExecution"] = async () => replyWith(ActionStatus.SUCCEEDED);
  });

  it("allowed: redeems for the digest of what runs, runs, reports", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, {}, "a.b.c");
    expect(await requireApproval(played.client, INPUT, run)).toBe("rows");
    expect([ran, played.methods()]).toEqual([[INPUT], ["RequestAction", "RedeemGrant", "ReportExecution"]]);
    expect(Buffer.from(fromBinary(RedeemGrantRequestSchema, played.calls[1]!.request).digest)).toEqual(digestFor(INPUT));
  });

  it("in review: waits first", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.IN_REVIEW);
    played.watch = async (_request, _call, send) => send(replyWith(ActionStatus.APPROVED, { version: 4n }, "a.b.c"));
    expect(await requireApproval(played.client, INPUT, run)).toBe("rows");
    expect(played.methods()).toEqual(["RequestAction", "WatchAction", "RedeemGrant", "ReportExecution"]);
  });

  it("answers what reviewers ask, each once, and waits on whatever comes of that", async () => {
    const question = (number: number, answer = 0) => ({ number, kind: CommentKind.QUESTION, text: `question ${number}`, answer });
    const inReview = (version: bigint, ...comments: readonly ReturnType<typeof question>[]) =>
      replyWith(ActionStatus.IN_REVIEW, { version, review: { comments: [...comments] } });
    played.unary["RequestAction"] = async () => inReview(4n, question(1));
    const world = { answers: 0 };
    played.unary["AddComment"] = async () => {
      world.answers += 1;
      if (world.answers === 1) throw new CommandError("FAILED_PRECONDITION", "QUESTION_NOT_OPEN", "somebody was faster");
      return new Uint8Array();
    };
    played.watch = async (_request, _call, send) => {
      // Until the one that was refused is tried again: whenever the action is seen.
      for (let version = 4n; world.answers < 4; version += 1n) {
        await send(inReview(version, question(1), question(2), question(3), question(4), question(5, 6)));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await send(replyWith(ActionStatus.APPROVED, { version: 9000n }, "a.b.c"));
    };
    const onQuestion = ({ number, text }: Comment) => (number === 3 ? undefined : `to ${text}`);
    expect(await requireApproval(played.client, INPUT, run, { onQuestion })).toBe("rows");
    const said = played.calls
      .filter(({ method }) => method === "AddComment")
      .map(({ request }) => fromBinary(AddCommentRequestSchema, request));
    expect(new Set(said.map((one) => one.question))).toEqual(new Set([1, 2, 4]));
    expect(said).toHaveLength(4);
    expect(
      said.every(
        ({ kind, actionId, text, question: number }) =>
          kind === CommentKind.ANSWER && actionId === "a1" && text === `to question ${number}`,
      ),
    ).toBe(true);
  });

  it.each([ActionStatus.DENIED, ActionStatus.REJECTED, ActionStatus.EXPIRED, ActionStatus.CANCELLED, ActionStatus.REDEEMED])(
    "status %i: does not run",
    async (status) => {
      played.unary["RequestAction"] = async () => replyWith(status);
      await expect(requireApproval(played.client, INPUT, run)).rejects.toMatchObject({ name: "NotApprovedError", action: { status } });
      expect([ran, played.methods()]).toEqual([[], ["RequestAction"]]);
    },
  );

  it("a redemption that fails, for whatever reason: does not run", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, {}, "a.b.c");
    for (const [code, reason] of [
      ["FAILED_PRECONDITION", "GRANT_REDEEMED"],
      ["DEADLINE_EXCEEDED", "TIMEOUT"],
      ["INTERNAL", "BUG"],
    ] as const) {
      played.unary["RedeemGrant"] = failing(9, code, reason);
      await expect(requireApproval(played.client, INPUT, run)).rejects.toMatchObject({ code });
    }
    expect(ran).toEqual([]);
  });

  it("an edit: does not run, unless the caller uses what it is given", async () => {
    const edited = { ...INPUT, action: { name: "db.export", properties: { table: "t", limit: 10 } } };
    const editor = { issuer: "i", id: "rita" };
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, { asked: edited, review: { editor } }, "a.b.c");
    await expect(requireApproval(played.client, INPUT, run)).rejects.toThrow("not what would run");
    expect([ran, played.methods()]).toEqual([[], ["RequestAction"]]);
    expect(await requireApproval(played.client, INPUT, run, { acceptEdits: true })).toBe("rows");
    expect(ran).toEqual([edited]);
  });

  it("reports a failure, and passes it on", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, {}, "a.b.c");
    await expect(requireApproval(played.client, INPUT, () => Promise.reject(new Error("disk full")))).rejects.toThrow("disk full");
    expect(played.methods()).toEqual(["RequestAction", "RedeemGrant", "ReportExecution"]);
  });

  it("a report that cannot be delivered does not make what was done undone", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, {}, "a.b.c");
    played.unary["ReportExecution"] = failing(9, "INTERNAL", "BUG");
    expect(await requireApproval(played.client, INPUT, run)).toBe("rows");
  });
});
