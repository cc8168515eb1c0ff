import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CommandSchema, EvaluateRequestSchema, EvaluateResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import { EvaluateActionRequestSchema, EvaluateActionResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { VerdictOutcome } from "@countersign/proto/v1/action_pb";
import * as proto from "@countersign/proto/v1/policy_service_pb";
import { type Principal, PrincipalRefSchema, PrincipalType } from "@countersign/proto/v1/principal_pb";
import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { starterPolicy } from "./starter-policy.ts";
import { admin, agent, documentOf, exportAction, now, startInstance, stopInstances } from "./testing/instance.ts";

afterEach(stopInstances);

describe("Evaluate", () => {
  it("answers by the policy in force, with its digest", async () => {
    const { publish, activate, evaluate } = await startInstance();
    await publish(starterPolicy());
    await activate(1);
    const { verdict, policyDigest } = await evaluate();
    expect(verdict).toMatchObject({
      outcome: VerdictOutcome.REVIEW,
      revision: 1n,
      rule: "exports leave a trace on people",
      stages: [{ name: "review", quorumText: "1 of dba, data-owners", seconds: 3600 }],
      grantSeconds: 300,
      bindingContext: ["environment"],
    });
    expect(Buffer.from(policyDigest)).toEqual(createHash("sha256").update(starterPolicy()).digest());
  });

  it("P7: denies when no policy is in force, with revision 0", async () => {
    const { publish, evaluate } = await startInstance();
    await publish(documentOf("never activated"));
    expect(await evaluate()).toMatchObject({
      verdict: { outcome: VerdictOutcome.DENY, revision: 0n, rule: "" },
      policyDigest: new Uint8Array(),
    });
  });

  it("serves the system's own commands, which have no caller", async () => {
    const { publish, activate, call } = await startInstance();
    await publish(documentOf("a"));
    await activate(1);
    const ask = (requester: typeof agent) =>
      call(
        "Evaluate",
        undefined,
        [EvaluateRequestSchema, { requester, input: exportAction, time: timestampFromDate(now) }],
        EvaluateResponseSchema,
      );
    expect((await ask(agent)).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
    // P8: and they name a tenant.
    await expect(ask({ ...agent, tenant: "" })).rejects.toMatchObject({ violations: [{ field: "requester.tenant" }] });
  });

  it("P5: judges as of the time that it is given, as does a trial", async () => {
    const { publish, activate, call } = await startInstance();
    const later = "2030-01-01T00:00:00Z";
    const condition = `principal.tenant == "acme" && now == timestamp("${later}")`;
    const document = documentOf("later").replace("outcome:", () => `when: '${condition}', outcome:`);
    await publish(document);
    await activate(1);
    const asked = { requester: agent, input: exportAction, time: timestampFromDate(new Date(later)) };
    const answer = await call("Evaluate", agent, [EvaluateRequestSchema, asked], EvaluateResponseSchema);
    expect(answer.verdict?.outcome).toBe(VerdictOutcome.ALLOW);
    // P8: in the tenant of whoever tries it out.
    const trial = { ...asked, document, requester: { ...agent, tenant: "other" } };
    const tried = await call("TestPolicy", admin, [proto.TestPolicyRequestSchema, trial], proto.TestPolicyResponseSchema);
    expect(tried.verdict?.outcome).toBe(VerdictOutcome.ALLOW);
  });

  it("P7: refuses what it cannot judge", async () => {
    const { call, commands } = await startInstance();
    const time = timestampFromDate(now);
    const ask = (init: MessageInitShape<typeof EvaluateRequestSchema>) =>
      call("Evaluate", agent, [EvaluateRequestSchema, init], EvaluateResponseSchema);
    const refused = { code: "INVALID_ARGUMENT", reason: "FIELD_VIOLATION" };
    await expect(ask({ requester: agent, input: exportAction })).rejects.toMatchObject(refused);
    await expect(ask({ input: exportAction, time })).rejects.toMatchObject(refused);
    await expect(ask({ requester: { ...agent, type: PrincipalType.UNSPECIFIED }, input: exportAction, time })).rejects.toMatchObject(
      refused,
    );
    await expect(ask({ requester: agent, input: { ...exportAction, action: { name: "DB.Export" } }, time })).rejects.toMatchObject(refused);
    await expect(ask({ requester: agent, time })).rejects.toMatchObject({
      ...refused,
      violations: [{ field: "input.action.name" }, { field: "input.resource.type" }, { field: "input.resource.id" }],
    });
    const garbage = create(CommandSchema, { caller: agent, request: new Uint8Array([255, 255, 255]) });
    await expect(commands.send("policy", "Evaluate", garbage, { timeoutMs: 20_000 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "MALFORMED",
    });
  });

  it("EvaluateAction and TestPolicy explain every rule", async () => {
    const { publish, activate, call } = await startInstance();
    await publish(starterPolicy());
    await activate(1);
    const dry = await call("EvaluateAction", agent, [EvaluateActionRequestSchema, { input: exportAction }], EvaluateActionResponseSchema);
    expect(dry.verdict).toMatchObject({ outcome: VerdictOutcome.REVIEW, revision: 1n });
    expect(dry.rules.filter(({ matched }) => matched).map(({ rule }) => rule)).toEqual(["exports leave a trace on people"]);
    expect(dry.rules).toHaveLength(6);
    const test = { document: documentOf("tried", "deny"), input: exportAction, requester: { ...agent, tenant: "" } };
    const tried = await call("TestPolicy", admin, [proto.TestPolicyRequestSchema, test], proto.TestPolicyResponseSchema);
    expect(tried).toMatchObject({
      verdict: { outcome: VerdictOutcome.DENY, revision: 0n, rule: "all" },
      rules: [{ rule: "all", matched: true }],
    });
  });

  it("TestPolicy lets conditions see the owner and the chain that it is given", async () => {
    const { call } = await startInstance();
    const condition = 'has(principal.owner) && principal.owner.id == "ann" && principal.chain.map(p, p.id) == ["copilot", "bob"]';
    const document = documentOf("tried").replace("outcome:", () => `when: '${condition}', outcome:`);
    const ref = (id: string) => create(PrincipalRefSchema, { issuer: "i", id });
    const outcome = async (behind: Partial<Pick<Principal, "owner" | "chain">>) => {
      const test = { document, input: exportAction, requester: { ...agent, ...behind } };
      const tried = await call("TestPolicy", admin, [proto.TestPolicyRequestSchema, test], proto.TestPolicyResponseSchema);
      return tried.verdict?.outcome;
    };
    expect(await outcome({ owner: ref("ann"), chain: [ref("copilot"), ref("bob")] })).toBe(VerdictOutcome.ALLOW);
    expect(await outcome({ owner: ref("ann"), chain: [ref("bob"), ref("copilot")] })).toBe(VerdictOutcome.DENY);
    expect(await outcome({ chain: [ref("copilot"), ref("bob")] })).toBe(VerdictOutcome.DENY);
  });
});
