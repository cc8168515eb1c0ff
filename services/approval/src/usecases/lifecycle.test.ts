import { fromJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { actionDigest } from "@countersign/digest";
import { ActionStatus, ExecutionOutcome } from "@countersign/proto/v1/action_pb";
import { createPublicKey, verify } from "node:crypto";
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { addressOf } from "../adapters/grants/grant-token.ts";
import { voteText } from "../adapters/grants/signer.ts";
import { fromRecordedEvent } from "../adapters/log/event-codec.ts";
import type { Verdict } from "../domain/values.ts";
import { ann, bob, cid, exporter, ISSUER, MINUTE, owner, principal, sponsor, T0, verdict, stage, TERMS } from "../testing/fixtures.ts";
import { config, exportInput, shownOf, testApproval, type TestApproval } from "../testing/test-approval.ts";

let world: TestApproval;
let keys = 0;

beforeEach(async () => {
  world = await testApproval();
});

async function request(answer: Verdict | "none" = verdict("allow"), key = `key-${(keys += 1)}`) {
  world.answer = answer === "none" ? undefined : answer;
  const { action, grantToken } = await world.call("RequestAction", { input: exportInput, idempotencyKey: key });
  if (action === undefined) throw new Error("no action");
  return { action, grantToken, shown: shownOf(action) };
}

const approve = { decision: { case: "approve", value: { reason: "fine" } } } as const;
const reject = { decision: { case: "reject", value: { reason: "not today" } } } as const;
const edit = (properties: { [key: string]: number | string }) =>
  ({ decision: { case: "edit", value: { properties, reason: "smaller" } } }) as const;
const refusal = (reason: string): unknown => expect.objectContaining({ reason });

describe("RequestAction", () => {
  it("answers an allow with the action and a token", async () => {
    const { action, grantToken } = await request();
    expect(action).toMatchObject({
      status: ActionStatus.APPROVED,
      version: 4n,
      tenant: "acme",
      input: exportInput,
      bindingContext: ["environment"],
    });
    expect(action.digest).toEqual(new Uint8Array(actionDigest(action.salt, { tenant: "acme", ...exportInput }, ["environment"])));
    expect(addressOf(grantToken)).toEqual({ tenant: "acme", id: action.id });
  });

  it("answers a deny without a token", async () => {
    const { action, grantToken } = await request(verdict("deny"));
    expect(action).toMatchObject({ status: ActionStatus.DENIED, version: 2n });
    expect(grantToken).toBe("");
  });

  it("asks policy about the caller itself when there is no subject", async () => {
    const { subject: _, ...input } = exportInput;
    await world.call("RequestAction", { input, idempotencyKey: "itself" });
    expect(world.questions[0]?.input?.subject).toMatchObject({ type: "agent", id: "exporter" });
  });

  it("keeps the token and everything that was typed out of the log", async () => {
    const { grantToken } = await request();
    const events = await world.log.readAll({ from: 0, limit: 100 });
    const bytes = Buffer.concat(events.map((event) => event.entry));
    for (const secret of [grantToken, grantToken.split(".")[2]!, "asked by sales", "customers"]) expect(bytes.includes(secret)).toBe(false);
  });

  it("P4: a retry with the same key gets the same action and the same token, and records nothing", async () => {
    const first = await request(verdict("allow"), "once");
    world.now += MINUTE;
    const again = await request(verdict("deny"), "once");
    expect(again).toEqual(first);
    expect(await world.log.nextPosition()).toBe(4);
  });

  it("a retry gets what was answered then, without a token that is no longer good", async () => {
    const { action, grantToken } = await request(verdict("allow"), "once");
    await world.call("RedeemGrant", { grantToken, digest: action.digest, idempotencyKey: "r" });
    expect(await request(verdict("allow"), "once")).toMatchObject({ action, grantToken: "" });
  });

  it("refuses a key that was used for another request", async () => {
    await request(verdict("allow"), "once");
    const other = { ...exportInput, resource: { type: "db", id: "hr" } };
    await expect(world.call("RequestAction", { input: other, idempotencyKey: "once" })).rejects.toEqual(refusal("KEY_REUSED"));
  });

  it("P3: refuses a key that was used on somebody else's behalf, whom a replay would let approve", async () => {
    await request(verdict("review"), "once");
    const forBob = { ...exporter, chain: [{ issuer: bob.issuer, id: bob.id }] };
    const again = world.call("RequestAction", { input: exportInput, idempotencyKey: "once" }, forBob);
    await expect(again).rejects.toEqual(refusal("KEY_REUSED"));
  });

  it("P8: two callers' and two tenants' keys never meet", async () => {
    await request(verdict("allow"), "once");
    const others = [
      principal("other", { type: "agent" }),
      { ...exporter, issuer: "https://other.example" },
      { ...exporter, tenant: "rival" },
    ];
    const ids = await Promise.all(
      others.map(async (caller) => (await world.call("RequestAction", { input: exportInput, idempotencyKey: "once" }, caller)).action?.id),
    );
    expect(new Set(ids).size).toBe(3);
    expect(await world.log.nextPosition()).toBe(16);
  });

  it("P7: policy unreachable: recorded, not approved", async () => {
    const { action, grantToken } = await request("none");
    expect(action).toMatchObject({ status: ActionStatus.REQUESTED, version: 1n });
    expect(grantToken).toBe("");
  });

  it.each([
    ["an allow whose grant would not end", verdict("allow", { grantSeconds: 0 })],
    ["a review that nobody can decide", verdict("review", { stages: [] })],
    ["a review without groups", verdict("review", { stages: [stage([])] })],
    ["a review without quorum", verdict("review", { stages: [stage(["oncall"], 0)] })],
  ])("P7: verdict unusable: %s is none", async (_what, answer) => {
    expect((await request(answer)).action.status).toBe(ActionStatus.REQUESTED);
  });

  it("refuses input without a name for what it does, or without a canonical form", async () => {
    const nameless = { ...exportInput, action: { name: "" } };
    await expect(world.call("RequestAction", { input: nameless, idempotencyKey: "k" })).rejects.toEqual(refusal("FIELD_VIOLATION"));
    await expect(world.call("RequestAction", { input: exportInput, idempotencyKey: "" })).rejects.toEqual(refusal("FIELD_VIOLATION"));
    expect(await world.log.nextPosition()).toBe(0);
  });
});

describe("the grant token", () => {
  it("is a JWS that anybody verifies with our JWKS", async () => {
    const { action, grantToken } = await request();
    const { jwks } = await world.call("GetGrantKeys", {});
    const options = {
      issuer: "countersign.test",
      audience: "countersign",
      typ: "grant+jwt",
      algorithms: ["EdDSA"],
      currentDate: new Date(T0),
    };
    const { payload, protectedHeader } = await jwtVerify(grantToken, createLocalJWKSet(JSON.parse(jwks) as JSONWebKeySet), options);
    expect(protectedHeader).toEqual({ alg: "EdDSA", kid: config.grantKeys.keyId, typ: "grant+jwt" });
    expect(payload).toEqual({
      iss: "countersign.test",
      aud: "countersign",
      sub: "exporter",
      jti: action.grant?.id,
      iat: T0 / 1000,
      exp: T0 / 1000 + 300,
      tenant: "acme",
      action_id: action.id,
      digest: Buffer.from(action.digest).toString("base64url"),
      principal_issuer: ISSUER,
    });
  });

  it("is given again to its requester only, while it is good", async () => {
    const { action, grantToken } = await request();
    const actionId = action.id;
    expect((await world.call("GetAction", { actionId })).grantToken).toBe(grantToken);
    expect((await world.call("GetAction", { actionId }, ann)).grantToken).toBe("");
    world.now += 5 * MINUTE;
    expect((await world.call("GetAction", { actionId })).grantToken).toBe("");
  });
});

describe("P2: RedeemGrant", () => {
  it("redeems once; the same key gets the same receipt, another key does not", async () => {
    const { action, grantToken } = await request();
    const redeem = { grantToken, digest: action.digest, idempotencyKey: "r-1" };
    const receipt = await world.call("RedeemGrant", redeem);
    expect(receipt).toMatchObject({ position: 4n, action: { status: ActionStatus.REDEEMED, version: 5n } });
    await world.call("ReportExecution", { actionId: action.id, outcome: ExecutionOutcome.SUCCEEDED });
    expect(await world.call("RedeemGrant", redeem)).toEqual(receipt);
    await expect(world.call("RedeemGrant", { ...redeem, idempotencyKey: "r-2" })).rejects.toEqual(refusal("GRANT_REDEEMED"));
  });

  it("refuses a receipt's key for another redemption", async () => {
    const one = await request();
    const two = await request();
    await world.call("RedeemGrant", { grantToken: one.grantToken, digest: one.action.digest, idempotencyKey: "r" });
    const other = { grantToken: two.grantToken, digest: two.action.digest, idempotencyKey: "r" };
    await expect(world.call("RedeemGrant", other)).rejects.toEqual(refusal("KEY_REUSED"));
    await world.call("RedeemGrant", { ...other, idempotencyKey: "r-2" });
    await expect(world.call("RedeemGrant", other)).rejects.toEqual(refusal("KEY_REUSED"));
  });

  it("refuses other principals, other digests, forged tokens and expired ones", async () => {
    const { action, grantToken } = await request();
    const redeem = { grantToken, digest: action.digest, idempotencyKey: "r" };
    await expect(world.call("RedeemGrant", redeem, sponsor)).rejects.toEqual(refusal("NOT_GRANTEE"));
    await expect(world.call("RedeemGrant", { ...redeem, digest: new Uint8Array(32) })).rejects.toEqual(refusal("DIGEST_MISMATCH"));
    const [header, payload, signature] = grantToken.split(".");
    const forged = [
      `${header}.${payload}.${"A".repeat(86)}`,
      `${header}.${payload}`,
      `${grantToken}.x`,
      "",
      "a.b.c",
      "x".repeat(5000),
      `${signature}.${payload}.${header}`,
    ];
    for (const token of forged) {
      await expect(world.call("RedeemGrant", { ...redeem, grantToken: token })).rejects.toEqual(refusal("GRANT_INVALID"));
    }
    world.now += 5 * MINUTE;
    await expect(world.call("RedeemGrant", redeem)).rejects.toEqual(refusal("GRANT_EXPIRED"));
  });

  it("P8: another tenant's token is just invalid", async () => {
    const { action, grantToken } = await request();
    const redeem = world.call("RedeemGrant", { grantToken, digest: action.digest, idempotencyKey: "r" }, { ...exporter, tenant: "rival" });
    await expect(redeem).rejects.toEqual(refusal("GRANT_INVALID"));
  });
});

describe("review", () => {
  it("shows the reviewer what a vote has to name, and approves", async () => {
    const { shown } = await request(verdict("review"));
    const { action, eligible, ineligibleReason } = await world.call("GetReview", { actionId: shown.actionId }, ann);
    expect({ eligible, ineligibleReason, status: action?.status }).toEqual({
      eligible: true,
      ineligibleReason: "",
      status: ActionStatus.IN_REVIEW,
    });
    const voted = await world.call("SubmitVote", { ...shown, ...approve }, ann);
    expect(voted.action).toMatchObject({ status: ActionStatus.APPROVED, review: { votes: [{ reason: "fine", reviewer: { id: "ann" } }] } });
    const { grantToken } = await world.call("GetAction", { actionId: shown.actionId });
    await world.call("RedeemGrant", { grantToken, digest: shown.digest, idempotencyKey: "r" });
  });

  it("repeats quietly", async () => {
    const { shown } = await request(verdict("review"));
    const first = await world.call("SubmitVote", { ...shown, ...approve }, ann);
    expect(await world.call("SubmitVote", { ...shown, ...approve }, ann)).toEqual(first);
    expect(await world.log.nextPosition()).toBe(6);
  });

  it("says why a caller may not vote", async () => {
    const { shown } = await request(verdict("review"));
    const reason = async (caller: typeof ann) =>
      (await world.call("GetReview", { actionId: shown.actionId }, { ...caller, roles: ["reviewer"] })).ineligibleReason;
    expect(await Promise.all([cid, owner, exporter].map(reason))).toEqual(["NOT_ELIGIBLE", "SELF_APPROVAL", "NOT_HUMAN"]);
    world.now += 61 * MINUTE;
    expect(await reason(ann)).toBe("NOT_IN_REVIEW");
  });

  it("P3: refuses self-approval and agents", async () => {
    const { shown } = await request(verdict("review"));
    await expect(world.call("SubmitVote", { ...shown, ...approve }, sponsor)).rejects.toEqual(refusal("SELF_APPROVAL"));
    await expect(world.call("SubmitVote", { ...shown, ...approve })).rejects.toEqual(refusal("NOT_HUMAN"));
    await expect(world.call("SubmitVote", { ...shown, decision: { case: undefined } }, ann)).rejects.toEqual(refusal("FIELD_VIOLATION"));
  });

  it("signs votes so that they can be verified from the log alone", async () => {
    const { shown } = await request(verdict("review"));
    await world.call("SubmitVote", { ...shown, ...reject }, ann);
    const events = (await world.log.readAll({ from: 0, limit: 100 })).map(fromRecordedEvent);
    const vote = events.find((event) => event.type === "VoteCast");
    if (vote === undefined) throw new Error("no vote");
    const { digest, shownDigest, reviewer, decision, at, signature, ...rest } = vote;
    const text = voteText({ tenant: "acme", actionId: shown.actionId, digest, shownDigest, reviewer, decision, stage: rest.stage, at });
    expect(verify(null, Buffer.from(text), createPublicKey(config.grantKeys.privateKey), Buffer.from(signature, "hex"))).toBe(true);
  });

  const editable = verdict("review", { terms: { ...TERMS, editable: JSON.stringify({ limit: { type: "integer", maximum: 10 } }) } });

  it("an edit asks policy again, waits for the requester and starts over; editing back and forth is fine", async () => {
    const { shown } = await request(editable);
    const edited = (await world.call("SubmitVote", { ...shown, ...edit({ table: "customers", limit: 5 }) }, ann)).action!;
    expect(edited).toMatchObject({
      status: ActionStatus.EDITED,
      input: { action: { properties: { limit: 5 } } },
      review: { editor: { id: "ann" } },
    });
    expect(world.questions.at(-1)?.input?.action?.properties).toEqual({ table: "customers", limit: 5 });
    const { actionId, digest } = shownOf(edited);
    const { action: accepted } = await world.call("AcceptEdit", { actionId, digest });
    expect(accepted?.status).toBe(ActionStatus.IN_REVIEW);
    await expect(world.call("SubmitVote", { ...shown, ...approve }, bob)).rejects.toEqual(refusal("STALE_DIGEST"));
    const patch = [{ op: "replace", path: "/limit", value: fromJson(ValueSchema, 10) }];
    const patched = { decision: { case: "edit", value: { patch, reason: "as before" } } } as const;
    const back = (await world.call("SubmitVote", { ...shownOf(accepted!), ...patched }, bob)).action!;
    expect(back.digest).toEqual(shown.digest);
    expect(back.input).toEqual(expect.objectContaining({ context: exportInput.context }));
  });

  it("hands out the grant when policy allows the edited form, and the requester accepts it", async () => {
    const { shown } = await request(editable);
    world.answer = verdict("allow");
    const edited = (await world.call("SubmitVote", { ...shown, ...edit({ table: "customers", limit: 5 }) }, ann)).action!;
    expect(edited.grant).toBeUndefined();
    const { grantToken } = await world.call("AcceptEdit", { actionId: edited.id, digest: edited.digest });
    await world.call("RedeemGrant", { grantToken, digest: edited.digest, idempotencyKey: "r" });
  });

  it.each<[string, { [key: string]: number | string }, string]>([
    ["another member", { table: "secrets", limit: 10 }, "table"],
    ["a value that the schema refuses", { table: "customers", limit: 11 }, "limit"],
    ["a member taken away", { table: "customers" }, "limit"],
    ["a member added", { table: "customers", limit: 10, all: "yes" }, "all"],
  ])("refuses to edit %s, and names it", async (_what, properties, members) => {
    const { shown } = await request(editable);
    await expect(world.call("SubmitVote", { ...shown, ...edit(properties) }, ann)).rejects.toEqual(
      expect.objectContaining({ reason: "EDIT_NOT_ALLOWED", metadata: { members } }),
    );
  });

  it.each([
    ["does not apply", { op: "test", path: "/limit", value: fromJson(ValueSchema, 7) }],
    ["replaces everything", { op: "replace", path: "", value: fromJson(ValueSchema, {}) }],
    ["reaches for the prototype", { op: "add", path: "/__proto__/admin", value: fromJson(ValueSchema, true) }],
    ["is of no kind", { op: "merge", path: "/limit", value: fromJson(ValueSchema, 7) }],
  ])("refuses a patch that %s", async (_what, operation) => {
    const { shown } = await request(editable);
    const patched = { decision: { case: "edit" as const, value: { patch: [operation], reason: "why not" } } };
    await expect(world.call("SubmitVote", { ...shown, ...patched }, ann)).rejects.toEqual(refusal("PATCH_INVALID"));
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("P1: without a word of policy nothing can be edited", async () => {
    const { shown } = await request(verdict("review"));
    await expect(world.call("SubmitVote", { ...shown, ...edit({ table: "customers", limit: 5 }) }, ann)).rejects.toEqual(
      refusal("EDIT_NOT_ALLOWED"),
    );
  });

  it("P1: refuses a vote on a stale view, and says what is different now", async () => {
    const { shown } = await request(editable);
    const edited = (await world.call("SubmitVote", { ...shown, ...edit({ table: "customers", limit: 5 }) }, ann)).action!;
    await world.call("AcceptEdit", { actionId: edited.id, digest: edited.digest });
    await expect(world.call("SubmitVote", { ...shown, ...approve }, bob)).rejects.toEqual(
      expect.objectContaining({ reason: "STALE_DIGEST", metadata: { changed: "edited by, parameters.limit" } }),
    );
    const now = shownOf((await world.call("GetReview", { actionId: edited.id }, { ...bob, roles: ["reviewer"] })).action!);
    await expect(world.call("SubmitVote", { ...now, shownDigest: shown.shownDigest, ...approve }, bob)).rejects.toEqual(
      refusal("STALE_VIEW"),
    );
  });

  it("names the view that it shows as the renderer names it, also from another instance", async () => {
    const { shown } = await request(verdict("review"));
    const reviewer = { ...ann, roles: ["reviewer"] };
    expect((await world.call("GetReview", { actionId: shown.actionId }, reviewer)).shownDigest).toEqual(new Uint8Array(shown.shownDigest));
    const other = await testApproval(world.log);
    expect((await other.call("GetReview", { actionId: shown.actionId }, reviewer)).shownDigest).toEqual(new Uint8Array(shown.shownDigest));
  });

  it("P7: an edit changes nothing when policy does not answer", async () => {
    const { shown } = await request(editable);
    world.answer = undefined;
    await expect(world.call("SubmitVote", { ...shown, ...edit({ table: "customers", limit: 1 }) }, ann)).rejects.toEqual(
      refusal("POLICY_UNREACHABLE"),
    );
    expect(await world.log.nextPosition()).toBe(3);
  });
});

describe("the end", () => {
  it("cancel: by the requester, quiet when repeated", async () => {
    const { action } = await request(verdict("review"));
    await expect(world.call("CancelAction", { actionId: action.id }, ann)).rejects.toEqual(refusal("NOT_REQUESTER"));
    const cancelled = await world.call("CancelAction", { actionId: action.id, reason: "no longer needed" });
    expect(cancelled.action?.status).toBe(ActionStatus.CANCELLED);
    expect(await world.call("CancelAction", { actionId: action.id, reason: "really" })).toEqual(cancelled);
  });

  it("report: once, again the same quietly, never another", async () => {
    const { action, grantToken } = await request();
    const report = {
      actionId: action.id,
      outcome: ExecutionOutcome.FAILED,
      message: "disk full",
      outputDigest: new Uint8Array(32).fill(1),
    };
    await expect(world.call("ReportExecution", report)).rejects.toEqual(refusal("WRONG_STATE"));
    await world.call("RedeemGrant", { grantToken, digest: action.digest, idempotencyKey: "r" });
    const reported = await world.call("ReportExecution", report);
    expect(reported.action).toMatchObject({ status: ActionStatus.FAILED, execution: { message: "disk full" } });
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
    const { action } = await request();
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
