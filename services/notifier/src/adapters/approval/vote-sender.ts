import { createHash } from "node:crypto";
import { create, toBinary, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { CommandError, type CommandBus } from "@countersign/bus";
import {
  DiscussFromChatRequestSchema,
  SubmitVoteFromChatRequestSchema,
  SubmitVoteFromPageRequestSchema,
} from "@countersign/proto/internal/v1/channel_pb";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { CommentKind } from "@countersign/proto/v1/action_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import type { SubmitVoteRequestSchema } from "@countersign/proto/v1/review_service_pb";
import { beginSpan, inSpan, traceparentOf } from "@countersign/telemetry";
import type { Account, AnswerPorts, Decision, ShownCard, VoteReply, Word } from "../../usecases/answer.ts";

const TIMEOUT_MS = 5000;

/** Nothing is recorded before it is known who decides. */
const NOBODY_KNOWS = new Set<string>(["DIRECTORY_UNREACHABLE", "ISSUER_UNREACHABLE"]);

/** Codes that leave open whether the vote is recorded, or that mean nothing about the vote at all. */
const UNKNOWN = new Set<string>(["UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "DATA_LOSS", "RESOURCE_EXHAUSTED", "ABORTED"]);

/** Says which account clicked; whose it is, and what a click is worth, approval finds out itself. */
export function voteFromChat(commands: CommandBus): AnswerPorts["submitVote"] {
  return (account, card, decision) => {
    const request = create(SubmitVoteFromChatRequestSchema, { account, vote: toVote(card, decision) });
    return sendVote(commands, "SubmitVoteFromChat", card, toBinary(SubmitVoteFromChatRequestSchema, request));
  };
}

/** The same for a question or a claim. One text on one message is one question, however often the chat tells of it. */
export function wordFromChat(commands: CommandBus): AnswerPorts["discuss"] {
  return (account, card, word) => {
    const request = create(DiscussFromChatRequestSchema, { account, word: toWord(account, card, word) });
    return sendVote(commands, "DiscussFromChat", card, toBinary(DiscussFromChatRequestSchema, request));
  };
}

function toWord(account: Account, { actionId, version }: ShownCard, word: Word) {
  if (word.kind !== "ask") return { case: word.kind, value: { actionId } } as const;
  const { channel, workspace, id } = account;
  const said = JSON.stringify([channel, workspace, id, actionId, version, word.text]);
  const idempotencyKey = createHash("sha256").update(said).digest("hex");
  return { case: "comment", value: { actionId, kind: CommentKind.QUESTION, text: word.text, idempotencyKey } } as const;
}

/** Hands on what the person signed in with. */
export function voteFromPage(commands: CommandBus): (idToken: string, card: ShownCard, decision: Decision) => Promise<VoteReply> {
  return (idToken, card, decision) => {
    const request = create(SubmitVoteFromPageRequestSchema, { idToken, vote: toVote(card, decision) });
    return sendVote(commands, "SubmitVoteFromPage", card, toBinary(SubmitVoteFromPageRequestSchema, request));
  };
}

/** As whom this service speaks, for one tenant. */
export function notifierOf(tenant: string) {
  return { tenant, type: PrincipalType.SERVICE, issuer: "countersign", id: "notifier" };
}

async function sendVote(commands: CommandBus, method: string, { tenant }: ShownCard, request: Uint8Array): Promise<VoteReply> {
  try {
    // A trace begins with what a person answered.
    await inSpan(beginSpan(`receive ${method}`, { kind: "server" }, ""), (span) => {
      const traceparent = span === undefined ? "" : traceparentOf(span);
      const command = create(CommandSchema, { caller: notifierOf(tenant), traceparent, request });
      return commands.send("approval", method, command, { timeoutMs: TIMEOUT_MS });
    });
    return { outcome: "recorded" };
  } catch (error) {
    return replyOf(error);
  }
}

/** On exactly what was shown. */
function toVote(card: ShownCard, decision: Decision): MessageInitShape<typeof SubmitVoteRequestSchema> {
  return {
    actionId: card.actionId,
    digest: Buffer.from(card.digest, "hex"),
    version: BigInt(card.version),
    shownDigest: Buffer.from(card.shownDigest, "hex"),
    decision: toMessage(decision),
  };
}

function replyOf(error: unknown): VoteReply {
  if (error instanceof CommandError && NOBODY_KNOWS.has(error.reason)) return { outcome: "refused", reason: error.reason };
  if (!(error instanceof CommandError) || UNKNOWN.has(error.code)) return { outcome: "unknown" };
  return { outcome: "refused", reason: error.reason, ...changedOf(error) };
}

function changedOf({ metadata }: CommandError): { readonly changed?: string } {
  const changed = metadata["changed"];
  return changed === undefined ? {} : { changed };
}

function toMessage(decision: Decision): NonNullable<MessageInitShape<typeof SubmitVoteRequestSchema>["decision"]> {
  switch (decision.kind) {
    case "approve":
      return { case: "approve", value: { reason: decision.reason } };
    case "reject":
      return { case: "reject", value: { reason: decision.reason } };
    case "edit":
      return {
        case: "edit",
        value: { reason: decision.reason, properties: JSON.parse(JSON.stringify(decision.properties)) as JsonObject },
      };
  }
}
