import { ActionStatus, ExecutionOutcome } from "@countersign/proto/v1/action_pb";
import { beforeEach, describe, expect, it } from "vitest";
import { ann, exporter, principal, verdict } from "../testing/fixtures.ts";
import { ask, refusal } from "../testing/ask.ts";
import { testApproval, type TestApproval } from "../testing/test-approval.ts";

let world: TestApproval;

beforeEach(async () => {
  world = await testApproval();
});

describe("the end", () => {
  it("cancel: by the requester, quiet when repeated", async () => {
    const { action } = await ask(world, verdict("review"));
    await expect(world.call("CancelAction", { actionId: action.id }, ann)).rejects.toEqual(refusal("NOT_REQUESTER"));
    const cancelled = await world.call("CancelAction", { actionId: action.id, reason: "no longer needed" });
    expect(cancelled.action?.status).toBe(ActionStatus.CANCELLED);
    expect(await world.call("CancelAction", { actionId: action.id, reason: "really" })).toEqual(cancelled);
  });

  it("report: once, again the same quietly, never another", async () => {
    const { action, grantToken } = await ask(world);
    const report = {
      actionId: action.id,
      outcome: ExecutionOutcome.FAILED,
      message: "disk full",
      outputDigest: new Uint8Array(32).fill(1),
    };
    await expect(world.call("ReportExecution", report)).rejects.toEqual(refusal("WRONG_STATE"));
    await world.call("RedeemGrant", { grantToken, digest: action.digest, idempotencyKey: "r" });
    const reported = await world.call("ReportExecution", report);
    expect(reported.action?.status).toBe(ActionStatus.FAILED);
    const { action: whole } = await world.call("GetAction", { actionId: action.id });
    expect(whole?.execution).toMatchObject({ message: "disk full" });
    expect(await world.call("ReportExecution", report)).toEqual(reported);
    for (const other of [
      { message: "disk fine" },
      { message: "" },
      { outcome: ExecutionOutcome.SUCCEEDED },
      { outputDigest: new Uint8Array() },
    ]) {
      await expect(world.call("ReportExecution", { ...report, ...other })).rejects.toEqual(refusal("REPORT_CONFLICT"));
    }
    await expect(world.call("ReportExecution", { ...report, outcome: ExecutionOutcome.UNSPECIFIED })).rejects.toEqual(
      refusal("FIELD_VIOLATION"),
    );
  });

  it("P8: unknown ids, other tenants' ids and strangers get the same answer", async () => {
    const { action } = await ask(world);
    const rival = { ...ann, tenant: "rival" };
    const stranger = principal("stranger", { roles: ["requester"] });
    await expect(world.call("GetAction", { actionId: action.id }, rival)).rejects.toEqual(refusal("NOT_FOUND"));
    await expect(world.call("GetReview", { actionId: action.id }, rival)).rejects.toEqual(refusal("NOT_FOUND"));
    await expect(world.call("CancelAction", { actionId: action.id }, { ...exporter, tenant: "rival" })).rejects.toEqual(
      refusal("NOT_FOUND"),
    );
    await expect(world.call("GetAction", { actionId: action.id }, stranger)).rejects.toEqual(refusal("NOT_FOUND"));
    await expect(world.call("GetAction", { actionId: "no such id" })).rejects.toEqual(refusal("NOT_FOUND"));
  });
});
