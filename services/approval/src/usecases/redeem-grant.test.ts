import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ExecutionOutcome } from "@countersign/proto/v1/action_pb";
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { ann, exporter, ISSUER, MINUTE, sponsor, T0 } from "../testing/fixtures.ts";
import { ask, refusal } from "../testing/ask.ts";
import { config, testApproval, type TestApproval } from "../testing/test-approval.ts";

let world: TestApproval;

beforeEach(async () => {
  world = await testApproval();
});

describe("the grant token", () => {
  it("is a JWS that anybody verifies with our JWKS", async () => {
    const { action, grantToken } = await ask(world);
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
    const { action, grantToken } = await ask(world);
    const actionId = action.id;
    expect((await world.call("GetAction", { actionId })).grantToken).toBe(grantToken);
    expect((await world.call("GetAction", { actionId }, ann)).grantToken).toBe("");
    world.now += 5 * MINUTE;
    expect((await world.call("GetAction", { actionId })).grantToken).toBe("");
  });
});

describe("P2: RedeemGrant", () => {
  it("redeems once; the same key gets the same receipt, another key does not", async () => {
    const { action, grantToken } = await ask(world);
    const redeem = { grantToken, digest: action.digest, idempotencyKey: "r-1" };
    const receipt = await world.call("RedeemGrant", redeem);
    expect(receipt).toMatchObject({ actionId: action.id, version: 5n, position: 4n, redeemTime: timestampFromMs(T0) });
    world.now += MINUTE;
    await world.call("ReportExecution", { actionId: action.id, outcome: ExecutionOutcome.SUCCEEDED });
    expect(await world.call("RedeemGrant", redeem)).toEqual(receipt);
    await expect(world.call("RedeemGrant", { ...redeem, idempotencyKey: "r-2" })).rejects.toEqual(refusal("GRANT_REDEEMED"));
  });

  it("refuses a receipt's key for another redemption", async () => {
    const one = await ask(world);
    const two = await ask(world);
    await world.call("RedeemGrant", { grantToken: one.grantToken, digest: one.action.digest, idempotencyKey: "r" });
    const other = { grantToken: two.grantToken, digest: two.action.digest, idempotencyKey: "r" };
    await expect(world.call("RedeemGrant", other)).rejects.toEqual(refusal("KEY_REUSED"));
    await world.call("RedeemGrant", { ...other, idempotencyKey: "r-2" });
    await expect(world.call("RedeemGrant", other)).rejects.toEqual(refusal("KEY_REUSED"));
  });

  it("refuses other principals, other digests, forged tokens and expired ones", async () => {
    const { action, grantToken } = await ask(world);
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
    const { action, grantToken } = await ask(world);
    const redeem = world.call("RedeemGrant", { grantToken, digest: action.digest, idempotencyKey: "r" }, { ...exporter, tenant: "rival" });
    await expect(redeem).rejects.toEqual(refusal("GRANT_INVALID"));
  });
});
