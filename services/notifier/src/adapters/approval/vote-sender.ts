import { create, toBinary, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { CommandError, type CommandBus } from "@countersign/bus";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { PrincipalSchema, PrincipalType, SignInStrength, type Principal } from "@countersign/proto/v1/principal_pb";
import { SubmitVoteRequestSchema } from "@countersign/proto/v1/review_service_pb";
import type { AnswerPorts, Decision, ShownCard, VoteReply } from "../../usecases/answer.ts";

const TIMEOUT_MS = 5000;

/** Codes that leave open whether the vote is recorded, or that mean nothing about the vote at all. */
const UNKNOWN = new Set<string>(["UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "ABORTED"]);

/** Votes as the person who clicked, and says that it was a click in a chat: policy may ask for a stronger sign-in. */
export function voteSender(commands: CommandBus): AnswerPorts["submitVote"] {
  return (voter, card, decision) => {
    const caller = {
      tenant: card.tenant,
      type: PrincipalType.HUMAN,
      issuer: voter.issuer,
      id: voter.id,
      groups: [...voter.groups],
      roles: ["reviewer"],
      signIn: SignInStrength.CHAT,
    };
    return sendVote(commands, create(PrincipalSchema, caller), card, decision);
  };
}

/** Votes as this principal, on exactly what it was shown. */
export async function sendVote(commands: CommandBus, caller: Principal, card: ShownCard, decision: Decision): Promise<VoteReply> {
  const request = create(SubmitVoteRequestSchema, {
    actionId: card.actionId,
    digest: Buffer.from(card.digest, "hex"),
    version: BigInt(card.version),
    shownDigest: Buffer.from(card.shownDigest, "hex"),
    decision: toMessage(decision),
  });
  const command = create(CommandSchema, { caller, request: toBinary(SubmitVoteRequestSchema, request) });
  try {
    await commands.send("approval", "SubmitVote", command, { timeoutMs: TIMEOUT_MS });
    return { outcome: "recorded" };
  } catch (error) {
    return replyOf(error);
  }
}

function replyOf(error: unknown): VoteReply {
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
