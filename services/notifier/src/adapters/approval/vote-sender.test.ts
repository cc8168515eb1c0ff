import { fromBinary } from "@bufbuild/protobuf";
import { CommandError, inProcessCommands, type CommandHandler } from "@countersign/bus";
import type { Command } from "@countersign/proto/internal/v1/command_pb";
import {
  type DiscussFromChatRequest,
  DiscussFromChatRequestSchema,
  SubmitVoteFromChatRequestSchema,
  SubmitVoteFromPageRequestSchema,
} from "@countersign/proto/internal/v1/channel_pb";
import { CommentKind } from "@countersign/proto/v1/action_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { silentLogger } from "@countersign/telemetry";
import { recordSpans } from "@countersign/telemetry/testing";
import { describe, expect, it } from "vitest";
import type { Decision } from "../../usecases/answer.ts";
import { voteFromChat, voteFromPage, wordFromChat } from "./vote-sender.ts";

const account = { channel: "slack", workspace: "T1", id: "U1" };
const card = { channel: "chat", tenant: "acme", actionId: "a1", digest: "ab".repeat(32), version: 3, shownDigest: "cd".repeat(32) };
const approve: Decision = { kind: "approve", reason: "" };

async function commandsWith(handlers: Readonly<Record<string, CommandHandler>>) {
  const commands = inProcessCommands({ logger: silentLogger });
  await commands.serve("approval", handlers);
  return commands;
}

describe("vote sender", () => {
  it("begins a trace with what a person answered", async () => {
    const recorded = recordSpans();
    const heard: string[] = [];
    const commands = await commandsWith({
      SubmitVoteFromChat: async ({ traceparent }) => {
        heard.push(traceparent);
        return new Uint8Array();
      },
    });
    await voteFromChat(commands)(account, card, approve);
    recorded.close();
    await voteFromChat(commands)(account, card, approve);
    const [span] = recorded.spans();
    expect(recorded.spans().map(({ name }) => name)).toEqual(["receive SubmitVoteFromChat"]);
    expect(heard).toEqual([`00-${span?.spanContext().traceId}-${span?.spanContext().spanId}-01`, ""]);
  });

  it.each<[Decision, object]>([
    [
      { kind: "approve", reason: "" },
      { case: "approve", value: { reason: "" } },
    ],
    [
      { kind: "reject", reason: "no" },
      { case: "reject", value: { reason: "no" } },
    ],
    [
      { kind: "edit", reason: "less", properties: { limit: 5 } },
      { case: "edit", value: { reason: "less", properties: { limit: 5 } } },
    ],
  ])("P1, P3: says which account clicked, for what was shown, and nothing of who that is: %o", async (decision, expected) => {
    let heard: Command | undefined;
    const commands = await commandsWith({
      SubmitVoteFromChat: async (command) => {
        heard = command;
        return new Uint8Array();
      },
    });
    expect(await voteFromChat(commands)(account, card, decision)).toEqual({ outcome: "recorded" });
    expect(heard?.caller).toMatchObject({ tenant: "acme", type: PrincipalType.SERVICE, id: "notifier", roles: [] });
    const request = fromBinary(SubmitVoteFromChatRequestSchema, heard?.request ?? new Uint8Array());
    const digests = { digest: new Uint8Array(32).fill(0xab), shownDigest: new Uint8Array(32).fill(0xcd) };
    expect(request).toMatchObject({ account, vote: { actionId: "a1", version: 3n, ...digests, decision: expected } });
  });

  it("P3: a question and a claim are the account's as well; the same text on the same message is one question", async () => {
    const heard: DiscussFromChatRequest[] = [];
    const commands = await commandsWith({
      DiscussFromChat: async ({ request }) => {
        heard.push(fromBinary(DiscussFromChatRequestSchema, request));
        return new Uint8Array();
      },
    });
    const send = wordFromChat(commands);
    const ask = { kind: "ask", text: "which ones?" } as const;
    for (const word of [ask, ask, { ...ask, text: "why?" }, { kind: "claim" }, { kind: "release" }] as const)
      expect(await send(account, card, word)).toEqual({ outcome: "recorded" });
    await send({ ...account, id: "U2" }, card, ask);
    const keys = heard.map(({ word }) => (word.case === "comment" ? word.value.idempotencyKey : word.case));
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(5);
    expect(heard[0]).toMatchObject({ account, word: { value: { actionId: "a1", kind: CommentKind.QUESTION, text: "which ones?" } } });
  });

  it("P3: hands on what the person signed in with", async () => {
    let heard: Command | undefined;
    const commands = await commandsWith({
      SubmitVoteFromPage: async (command) => {
        heard = command;
        return new Uint8Array();
      },
    });
    expect(await voteFromPage(commands)("header.claims.signature", card, approve)).toEqual({ outcome: "recorded" });
    const request = fromBinary(SubmitVoteFromPageRequestSchema, heard?.request ?? new Uint8Array());
    expect(request).toMatchObject({ idToken: "header.claims.signature", vote: { actionId: "a1", decision: { case: "approve" } } });
    expect(heard?.caller).toMatchObject({ tenant: "acme", type: PrincipalType.SERVICE });
  });

  it.each([
    [
      new CommandError("FAILED_PRECONDITION", "STALE_DIGEST", "x", { metadata: { changed: "parameters.limit" } }),
      { outcome: "refused", reason: "STALE_DIGEST", changed: "parameters.limit" },
    ],
    [new CommandError("PERMISSION_DENIED", "SELF_APPROVAL", "x"), { outcome: "refused", reason: "SELF_APPROVAL" }],
    [new CommandError("PERMISSION_DENIED", "NOT_IN_DIRECTORY", "x"), { outcome: "refused", reason: "NOT_IN_DIRECTORY" }],
    [new CommandError("UNAVAILABLE", "DIRECTORY_UNREACHABLE", "x"), { outcome: "refused", reason: "DIRECTORY_UNREACHABLE" }],
    [new CommandError("UNAVAILABLE", "LOG_UNREACHABLE", "x"), { outcome: "unknown" }],
    [new CommandError("ABORTED", "LOST_RACE", "x"), { outcome: "unknown" }],
    [new CommandError("DATA_LOSS", "LOG_CORRUPT", "x"), { outcome: "unknown" }],
    [new Error("a bug"), { outcome: "unknown" }],
  ])("P7: claims nothing that approval did not say: %s", async (error, reply) => {
    const refuse = async (): Promise<Uint8Array> => {
      throw error;
    };
    expect(await voteFromChat(await commandsWith({ SubmitVoteFromChat: refuse }))(account, card, approve)).toEqual(reply);
  });
});
