import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentName } from "@countersign/identity";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "./stack.ts";

// A client that we did not write, which knows nothing but what the server says about itself. What it prints is read as plain JSON, and the digest
// is computed by hand from the words in proto/countersign/v1 and libs/digest: no code of ours is on this side of the wire.
const BUF = join(import.meta.dirname, "../../../node_modules/.bin/buf");
const execute = promisify(execFile);

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

type Json = Readonly<Record<string, unknown>>;

async function curl(path: string, ...flags: readonly string[]): Promise<string> {
  const url = `http://${stack.address}${path}`;
  return (await execute(BUF, ["curl", "--protocol", "grpc", "--http2-prior-knowledge", ...flags, url])).stdout;
}

async function authorization(name: DevelopmentName): Promise<readonly string[]> {
  return ["-H", `authorization: Bearer ${await stack.issuer.mint(DEVELOPMENT_PRINCIPALS[name])}`];
}

async function call<Reply>(name: DevelopmentName, method: string, request: Json): Promise<Reply> {
  return JSON.parse(await curl(`/countersign.v1.${method}`, ...(await authorization(name)), "-d", JSON.stringify(request))) as Reply;
}

type Status = { readonly code: string; readonly details?: readonly { readonly type: string; readonly value: string }[] };

/** How a call is refused: its code, and its details as `type: bytes`, in which texts can be found. */
async function refused(attempt: Promise<unknown>): Promise<string> {
  const failure: unknown = await attempt.catch((error: unknown) => error);
  if (typeof failure !== "object" || failure === null || !("stderr" in failure)) throw new Error("the call was not refused");
  const { code, details = [] } = JSON.parse(String(failure.stderr)) as Status;
  return [code, ...details.map(({ type, value }) => `${type}: ${Buffer.from(value, "base64").toString("latin1")}`)].join("\n");
}

type Action = { readonly id: string; readonly status: string; readonly version: string; readonly digest: string; readonly salt: string };
type ActionReply = { readonly shownDigest: string; readonly action: Action; readonly grantToken?: string; readonly eligible?: boolean };
type Receipt = { readonly actionId: string; readonly version: string; readonly position: string; readonly redeemTime: string };

const INPUT = {
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "db.export", properties: { table: "customers", limit: 100, note: "caf\u00e9 \u20ac" } },
  resource: { type: "database", id: "crm" },
  context: { environment: "production", justification: "not covered" },
};

/** RFC 8785 by hand: members in order, no white space, absent properties as {}, of the context only what binds. */
function digestOf(salt: string, limit: number): string {
  const text =
    `{"action":{"name":"db.export","properties":{"limit":${limit},"note":"caf\u00e9 \u20ac","table":"customers"}},` +
    `"context":{"environment":"production"},"resource":{"id":"crm","properties":{},"type":"database"},` +
    `"subject":{"id":"crm-agent","properties":{},"type":"agent"},"tenant":"acme"}`;
  return createHash("sha256").update(Buffer.from(salt, "base64")).update(text, "utf8").digest("base64");
}

describe("buf curl", () => {
  it("finds every service and method by reflection", async () => {
    const ours = ["Action", "Audit", "Directory", "Notifier", "Policy", "Review"].map((name) => `countersign.v1.${name}Service`);
    expect((await curl("", "--list-services")).trim().split("\n")).toEqual([...ours, "grpc.health.v1.Health"]);
    const methods = await curl("", "--list-methods");
    for (const method of ["ActionService/RedeemGrant", "ReviewService/SubmitVote", "AuditService/StreamEvents"]) {
      expect(methods).toContain(`countersign.v1.${method}\n`);
    }
  });

  it("is told that all services are healthy", async () => {
    for (const service of ["", "countersign.v1.ActionService"]) {
      expect(JSON.parse(await curl("/grpc.health.v1.Health/Check", "-d", JSON.stringify({ service })))).toEqual({ status: "SERVING" });
    }
  });

  it("takes an action from the request to its events", async () => {
    const asked = await call<ActionReply>("crm-agent", "ActionService/RequestAction", { input: INPUT, idempotencyKey: "black-box" });
    expect(asked.action.status).toBe("ACTION_STATUS_IN_REVIEW");
    expect(asked.grantToken).toBeUndefined();
    const { id: actionId, salt } = asked.action;
    expect(asked.action.digest).toBe(digestOf(salt, 100));

    const review = await call<ActionReply>("data-owner", "ReviewService/GetReview", { actionId });
    expect(review).toMatchObject({ eligible: true, action: { digest: asked.action.digest } });
    const { digest, version } = review.action;
    const { shownDigest } = review;
    const stale = { actionId, version, digest: digestOf(salt, 1), shownDigest, approve: {} };
    expect(await refused(call("data-owner", "ReviewService/SubmitVote", stale))).toMatch(
      /^failed_precondition\ngoogle\.rpc\.ErrorInfo: .*STALE_DIGEST/s,
    );
    const voted = await call<ActionReply>("data-owner", "ReviewService/SubmitVote", {
      actionId,
      digest,
      version,
      shownDigest,
      approve: {},
    });
    expect(voted.action.status).toBe("ACTION_STATUS_APPROVED");
    expect(voted.grantToken).toBeUndefined();

    const { grantToken } = await call<ActionReply>("crm-agent", "ActionService/GetAction", { actionId });
    const redemption = { grantToken, digest: digestOf(salt, 100), idempotencyKey: "redeem" };
    const greedy = call("crm-agent", "ActionService/RedeemGrant", { ...redemption, digest: digestOf(salt, 1000) });
    expect(await refused(greedy)).toMatch(/^failed_precondition\ngoogle\.rpc\.ErrorInfo: .*DIGEST_MISMATCH/s);
    const receipt = await call<Receipt>("crm-agent", "ActionService/RedeemGrant", redemption);
    expect(receipt).toMatchObject({ actionId, version: "7" });
    expect(Date.parse(receipt.redeemTime)).not.toBeNaN();

    const stream = ["-d", "{}", ...(await authorization("auditor"))];
    const events = (await curl("/countersign.v1.AuditService/StreamEvents", ...stream)).trim().split(/\n(?=\{)/);
    const mine = events
      .map((text) => (JSON.parse(text) as { event: { type: string; streamId: string; position: string } }).event)
      .filter((event) => event.streamId === actionId);
    expect(mine.map(({ type }) => type)).toEqual([
      "ActionRequested",
      "VerdictReached",
      "ReviewOpened",
      "VoteCast",
      "ActionApproved",
      "GrantIssued",
      "GrantRedeemed",
    ]);
    expect(mine.at(-1)?.position).toBe(receipt.position);
  });

  it("is told every field that is wrong, and that it needs a token", async () => {
    const input = { ...INPUT, action: { name: "Not A Name" }, resource: { type: "database" } };
    const status = await refused(call("crm-agent", "ActionService/RequestAction", { input }));
    expect(status).toMatch(/^invalid_argument\ngoogle\.rpc\.ErrorInfo: .*FIELD_VIOLATION/s);
    for (const field of ["input.action.name", "input.resource.id", "idempotency_key"]) expect(status).toContain(field);
    expect(await refused(curl("/countersign.v1.ActionService/ListActions", "-d", "{}"))).toMatch(/^unauthenticated\n/);
  });
});
