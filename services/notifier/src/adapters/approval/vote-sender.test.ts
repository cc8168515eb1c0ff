import { fromBinary } from "@bufbuild/protobuf";
import { CommandError, inProcessCommands, type CommandHandler } from "@countersign/bus";
import type { Command } from "@countersign/proto/internal/v1/command_pb";
import { PrincipalType, SignInStrength } from "@countersign/proto/v1/principal_pb";
import { SubmitVoteRequestSchema } from "@countersign/proto/v1/review_service_pb";
import { silentLogger } from "@countersign/telemetry";
import { describe, expect, it } from "vitest";
import type { Decision } from "../../usecases/answer.ts";
import { voteSender } from "./vote-sender.ts";

const voter = { issuer: "https://id.example", id: "ada", groups: ["dpo"] };
const card = { channel: "chat", tenant: "acme", actionId: "a1", digest: "ab".repeat(32), version: 3, shownDigest: "cd".repeat(32) };

async function send(decision: Decision, handler: CommandHandler) {
  const commands = inProcessCommands({ logger: silentLogger });
  await commands.serve("approval", { SubmitVote: handler });
  return voteSender(commands)(voter, card, decision);
}

describe("vote sender", () => {
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
  ])("P1, P3: votes as the person, by a click, for what was shown: %o", async (decision, expected) => {
    let heard: Command | undefined;
    const reply = await send(decision, async (command) => {
      heard = command;
      return new Uint8Array();
    });
    expect(reply).toEqual({ outcome: "recorded" });
    expect(heard?.caller).toMatchObject({
      tenant: "acme",
      type: PrincipalType.HUMAN,
      ...voter,
      roles: ["reviewer"],
      signIn: SignInStrength.CHAT,
    });
    const request = fromBinary(SubmitVoteRequestSchema, heard?.request ?? new Uint8Array());
    expect(request).toMatchObject({
      actionId: "a1",
      version: 3n,
      digest: new Uint8Array(32).fill(0xab),
      shownDigest: new Uint8Array(32).fill(0xcd),
      decision: expected,
    });
  });

  it.each([
    [
      new CommandError("FAILED_PRECONDITION", "STALE_DIGEST", "x", { metadata: { changed: "parameters.limit" } }),
      { outcome: "refused", reason: "STALE_DIGEST", changed: "parameters.limit" },
    ],
    [new CommandError("PERMISSION_DENIED", "SELF_APPROVAL", "x"), { outcome: "refused", reason: "SELF_APPROVAL" }],
    [new CommandError("UNAVAILABLE", "LOG_UNREACHABLE", "x"), { outcome: "unknown" }],
    [new CommandError("ABORTED", "LOST_RACE", "x"), { outcome: "unknown" }],
    [new Error("a bug"), { outcome: "unknown" }],
  ])("P7: claims nothing that approval did not say: %s", async (error, reply) => {
    const refuse = async (): Promise<Uint8Array> => {
      throw error;
    };
    expect(await send({ kind: "approve", reason: "" }, refuse)).toEqual(reply);
  });
});
