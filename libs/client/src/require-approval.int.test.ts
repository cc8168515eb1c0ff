import { fromBinary } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import { ActionStatus, CommentKind, type Comment } from "@countersign/proto/v1/action_pb";
import { AcceptEditRequestSchema, RedeemGrantRequestSchema, RequestActionRequestSchema } from "@countersign/proto/v1/action_service_pb";
import { AddCommentRequestSchema } from "@countersign/proto/v1/review_service_pb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ActionInput } from "./plain-input.ts";
import { requireApproval } from "./require-approval.ts";
import { digestFor, failing, INPUT, PlayedServer, receipt, replyWith, stateOf } from "./testing/played-server.ts";

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
    played.unary["ReportExecution"] = async () => stateOf(ActionStatus.SUCCEEDED);
  });

  it("allowed: redeems for the digest of what runs, runs, reports", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, {}, "a.b.c");
    expect(await requireApproval(played.client, INPUT, run)).toBe("rows");
    expect([ran, played.methods()]).toEqual([[INPUT], ["RequestAndWatch", "RedeemGrant", "ReportExecution"]]);
    expect(Buffer.from(fromBinary(RedeemGrantRequestSchema, played.calls[1]!.request).digest)).toEqual(digestFor(INPUT));
  });

  it("in review: waits first", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.IN_REVIEW);
    played.watch = async (_request, _call, send) => send(stateOf(ActionStatus.APPROVED, { version: 4n }, "a.b.c"));
    expect(await requireApproval(played.client, INPUT, run)).toBe("rows");
    expect(played.methods()).toEqual(["RequestAndWatch", "RedeemGrant", "ReportExecution"]);
  });

  it("answers what reviewers ask, each once, and waits on whatever comes of that", async () => {
    const asks = (version: bigint, ...numbers: readonly number[]) => {
      const questions = numbers.map((number) => ({ number, kind: CommentKind.QUESTION, text: `question ${number}` }));
      return stateOf(ActionStatus.IN_REVIEW, { version, questions });
    };
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.IN_REVIEW, { version: 4n });
    const world = { answers: 0 };
    played.unary["AddComment"] = async () => {
      world.answers += 1;
      if (world.answers === 1) throw new CommandError("FAILED_PRECONDITION", "QUESTION_NOT_OPEN", "somebody was faster");
      return new Uint8Array();
    };
    played.watch = async (_request, _call, send) => {
      // Until the one that was refused is tried again: whenever the action is seen.
      for (let version = 4n; world.answers < 4; version += 1n) {
        await send(asks(version, 1, 2, 3, 4));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await send(stateOf(ActionStatus.APPROVED, { version: 9000n }, "a.b.c"));
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
      await expect(requireApproval(played.client, INPUT, run)).rejects.toMatchObject({
        name: "NotApprovedError",
        actionId: "a1",
        action: { status },
      });
      expect([ran, played.methods()]).toEqual([[], ["RequestAndWatch"]]);
    },
  );

  it("a redemption that fails, for whatever reason: does not run", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, {}, "a.b.c");
    for (const [code, reason] of [
      ["FAILED_PRECONDITION", "GRANT_INVALID"],
      ["DEADLINE_EXCEEDED", "TIMEOUT"],
      ["INTERNAL", "BUG"],
      ["DATA_LOSS", "LOG_CORRUPT"],
    ] as const) {
      played.unary["RedeemGrant"] = failing(9, code, reason);
      await expect(requireApproval(played.client, INPUT, run)).rejects.toMatchObject({ code, reason, actionId: "a1" });
    }
    expect(ran).toEqual([]);
  });

  it("P2: is told the same, whether somebody else redeems before it comes or while it waits", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, {}, "a.b.c");
    for (const [reason, status] of [
      ["GRANT_REDEEMED", ActionStatus.SUCCEEDED],
      ["GRANT_EXPIRED", ActionStatus.GRANT_EXPIRED],
      ["GRANT_REVOKED", ActionStatus.REVOKED],
    ] as const) {
      played.unary["RedeemGrant"] = failing(1, "FAILED_PRECONDITION", reason);
      played.unary["GetAction"] = async () => replyWith(status, { version: 9n });
      const refused = requireApproval(played.client, INPUT, run);
      await expect(refused).rejects.toMatchObject({ name: "NotApprovedError", action: { status, version: 9n }, cause: { reason } });
    }
    expect(ran).toEqual([]);
  });

  it("an edit: does not run, unless the caller uses what it is given", async () => {
    const edited = { ...INPUT, action: { name: "db.export", properties: { table: "t", limit: 10 } } };
    const editor = { issuer: "i", id: "rita" };
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, { asked: edited, review: { editor } }, "a.b.c");
    await expect(requireApproval(played.client, INPUT, run)).rejects.toThrow("not what would run");
    expect([ran, played.methods()]).toEqual([[], ["RequestAndWatch"]]);
    expect(await requireApproval(played.client, INPUT, run, { acceptEdits: true })).toBe("rows");
    expect(ran).toEqual([edited]);
  });

  it("P1: accepts an edit by the digest of what it would run itself, and takes it back when it is told another one", async () => {
    const editedProperties = { table: "t", limit: 10 };
    const asked = { ...INPUT, action: { name: "db.export", properties: editedProperties } };
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.IN_REVIEW);
    played.unary["AcceptEdit"] = async () => stateOf(ActionStatus.APPROVED, { asked, editedProperties }, "a.b.c");
    played.watch = async (_request, _call, send) => send(stateOf(ActionStatus.EDITED, { version: 4n, asked, editedProperties }));
    expect(await requireApproval(played.client, INPUT, run, { acceptEdits: true })).toBe("rows");
    expect(ran).toEqual([asked]);
    const accepted = played.calls.find(({ method }) => method === "AcceptEdit");
    expect(Buffer.from(fromBinary(AcceptEditRequestSchema, accepted!.request).digest)).toEqual(digestFor(asked));
    played.calls = [];
    played.watch = async (_request, _call, send) => send(stateOf(ActionStatus.EDITED, { version: 4n, editedProperties }));
    played.unary["CancelAction"] = async () => stateOf(ActionStatus.CANCELLED);
    for (const acceptEdits of [true, false])
      await expect(requireApproval(played.client, INPUT, run, { acceptEdits })).rejects.toThrow("the edited form is not accepted");
    expect([ran.length, played.methods().slice(0, 2)]).toEqual([1, ["RequestAndWatch", "CancelAction"]]);
  });

  it("says why not, in the words of policy or of the reviewer", async () => {
    const replies = [
      replyWith(ActionStatus.DENIED, { reasons: ["It cannot be undone."] }),
      replyWith(ActionStatus.REJECTED, { reasons: ["not today"] }),
      replyWith(ActionStatus.IN_REVIEW),
    ];
    played.unary["RequestAction"] = async () => replies.shift()!;
    played.watch = async (_request, _call, send) => send(stateOf(ActionStatus.REJECTED, { reasons: ["too much"] }));
    for (const why of ["DENIED It cannot be undone.", "REJECTED not today", "REJECTED too much"])
      await expect(requireApproval(played.client, INPUT, run)).rejects.toThrow(`db.export was not approved: ${why}`);
  });

  it("says of a grant that was used, or that cannot be had again, what helps", async () => {
    const replies = [replyWith(ActionStatus.REDEEMED), replyWith(ActionStatus.APPROVED, {}, "")];
    played.unary["RequestAction"] = async () => replies.shift()!;
    for (const why of ["does not run again: its grant was used before, and the action is REDEEMED", "signed with an earlier key"])
      await expect(requireApproval(played.client, INPUT, run)).rejects.toThrow(new RegExp(`^db.export .*${why}.*another idempotencyKey$`));
    expect(ran).toEqual([]);
  });

  it("reports a failure, and passes it on", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, {}, "a.b.c");
    await expect(requireApproval(played.client, INPUT, () => Promise.reject(new Error("disk full")))).rejects.toThrow("disk full");
    expect(played.methods()).toEqual(["RequestAndWatch", "RedeemGrant", "ReportExecution"]);
  });

  it("a report that cannot be delivered does not make what was done undone", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, {}, "a.b.c");
    played.unary["ReportExecution"] = failing(9, "INTERNAL", "BUG");
    expect(await requireApproval(played.client, INPUT, run)).toBe("rows");
  });

  it("neither does a token that cannot be had for the report: whoever is told of a failure runs it again", async () => {
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, {}, "a.b.c");
    const loseToken = (): void => {
      played.token = () => {
        throw new Error("the vault is sealed");
      };
    };
    const done = requireApproval(played.client, INPUT, () => {
      loseToken();
      return "rows";
    });
    expect(await done).toBe("rows");
    played.token = () => "t";
    const failed = requireApproval(played.client, INPUT, () => {
      loseToken();
      throw new Error("disk full");
    });
    await expect(failed).rejects.toThrow("disk full");
  });

  it("P1: runs what was asked for, whatever its owner makes of the object meanwhile", async () => {
    const mine = { ...INPUT, action: { name: "db.export", properties: { table: "t" } } };
    const asked: string[] = [];
    played.unary["RequestAction"] = async (request) => {
      const { input } = fromBinary(RequestActionRequestSchema, request);
      asked.push(JSON.stringify(input?.action?.properties));
      return replyWith(ActionStatus.APPROVED, {}, "a.b.c");
    };
    played.unary["RedeemGrant"] = async () => {
      mine.action.properties.table = "changed while the grant was redeemed";
      return receipt();
    };
    const done = requireApproval(played.client, mine, run);
    mine.action.properties.table = "changed for the next call";
    expect(await done).toBe("rows");
    expect([asked, ran]).toEqual([['{"table":"t"}'], [INPUT]]);
  });

  it("does not run what was called off while the grant was redeemed", async () => {
    const calledOff = new AbortController();
    played.unary["RequestAction"] = async () => replyWith(ActionStatus.APPROVED, {}, "a.b.c");
    played.unary["RedeemGrant"] = async () => {
      calledOff.abort();
      return receipt();
    };
    await expect(requireApproval(played.client, INPUT, run, { signal: calledOff.signal })).rejects.toMatchObject({ code: "CANCELLED" });
    expect(ran).toEqual([]);
  });
});
