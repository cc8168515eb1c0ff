import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CommandError, type CommandBus } from "@countersign/bus";
import type { Command } from "@countersign/proto/internal/v1/command_pb";
import { ActionSchema, ActionStatus, VoteDecision } from "@countersign/proto/v1/action_pb";
import { GetActionRequestSchema, GetActionResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { describe, expect, it } from "vitest";
import { actionReader } from "./action-reader.ts";

const alice = { issuer: "https://id.example", id: "alice" };
const deadline = new Date("2026-01-02T03:04:05Z");
const action = create(ActionSchema, {
  id: "a1",
  tenant: "acme",
  status: ActionStatus.IN_REVIEW,
  version: 3n,
  input: {
    action: { name: "db.export", properties: { limit: 10 } },
    resource: { type: "db", id: "crm" },
    subject: { type: "agent", id: "x" },
    context: { environment: "production" },
  },
  digest: new Uint8Array(32).fill(0xab),
  salt: new Uint8Array(32).fill(0x51),
  bindingContext: ["environment"],
  requester: { tenant: "acme", type: PrincipalType.AGENT, issuer: "https://id.example", id: "exporter", chain: [alice], owner: alice },
  verdict: { revision: 4n, rule: "exports", reasons: ["because"] },
  review: {
    stages: [
      {
        name: "data",
        quorum: { rule: { case: "atLeast", value: { count: 2, of: [{ who: { case: "group", value: "dpo" } }] } } },
        quorumText: "2 of dpo",
      },
    ],
    votes: [
      { reviewer: alice, decision: VoteDecision.APPROVE, reason: "fine", stage: 0 },
      { reviewer: alice, decision: VoteDecision.UNSPECIFIED },
    ],
    deadline: timestampFromDate(deadline),
  },
  grant: { id: "grant-1" },
});

function reader(answer: () => Promise<Uint8Array>) {
  const sent: { service: string; method: string; command: Command }[] = [];
  const commands: CommandBus = {
    send: (service, method, command) => {
      sent.push({ service, method, command });
      return answer();
    },
    serve: async () => ({ close: async () => {} }),
  };
  return { read: actionReader(commands), sent };
}

const replying = (changes: Partial<typeof action>) =>
  reader(async () => toBinary(GetActionResponseSchema, create(GetActionResponseSchema, { action: { ...action, ...changes } })));

describe("actionReader", () => {
  it("P8: asks as itself, within the tenant of the event", async () => {
    const { read, sent } = replying({});
    await read("acme", "a1", "trace");
    expect(sent).toMatchObject([
      {
        service: "approval",
        method: "GetActionForChannel",
        command: {
          traceparent: "trace",
          caller: { tenant: "acme", type: PrincipalType.SERVICE, issuer: "countersign", id: "notifier", roles: [] },
        },
      },
    ]);
    expect(fromBinary(GetActionRequestSchema, sent[0]!.command.request).actionId).toBe("a1");
  });

  it("takes what reviewers may see, and neither salt nor grant", async () => {
    const source = await replying({}).read("acme", "a1", "");
    expect(source).toEqual({
      id: "a1",
      tenant: "acme",
      status: "in review",
      version: 3,
      digest: "ab".repeat(32),
      input: {
        subject: { type: "agent", id: "x", properties: {} },
        action: { name: "db.export", properties: { limit: 10 } },
        resource: { type: "db", id: "crm", properties: {} },
        context: { environment: "production" },
      },
      bindingContext: ["environment"],
      requester: { issuer: "https://id.example", id: "exporter", type: "agent", chain: [alice], owner: alice },
      verdict: { revision: 4, rule: "exports", reasons: ["because"], risk: [] },
      editable: "",
      review: {
        stages: [{ name: "data", quorum: "2 of dpo", groups: ["dpo"], people: [], schedules: [] }],
        openStage: 0,
        votes: [
          { reviewer: alice, decision: "approve", reason: "fine", stage: 0, lapsed: false, inPlaceOf: "", haste: undefined },
          { reviewer: alice, decision: "reject", reason: "", stage: 0, lapsed: false, inPlaceOf: "", haste: undefined },
        ],
        deadline,
        editor: undefined,
        asked: 0,
        claim: undefined,
        comments: [],
      },
    });
  });

  it("P8: refuses an answer about another action or tenant", async () => {
    await expect(replying({ tenant: "other" }).read("acme", "a1", "")).rejects.toMatchObject({ why: "refused" });
    await expect(replying({ id: "a2" }).read("acme", "a1", "")).rejects.toMatchObject({ why: "refused" });
  });

  it.each([
    [new CommandError("NOT_FOUND", "NOT_FOUND", "no"), "gone"],
    [new CommandError("UNAVAILABLE", "NO_HANDLER", "no"), "unreachable"],
    [new CommandError("DEADLINE_EXCEEDED", "TIMEOUT", "no"), "unreachable"],
    [new CommandError("PERMISSION_DENIED", "ROLE_MISSING", "no"), "refused"],
    [new Error("socket"), "refused"],
  ] as const)("tells %s as %s apart", async (error, why) => {
    await expect(
      reader(async () => {
        throw error;
      }).read("acme", "a1", ""),
    ).rejects.toMatchObject({ why });
  });
});
