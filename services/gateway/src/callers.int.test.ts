import { createHmac } from "node:crypto";
import { create, type DescMethod, toBinary } from "@bufbuild/protobuf";
import type { CountersignError } from "@countersign/client";
import { createDevelopmentIssuer } from "@countersign/identity";
import { ActionService } from "@countersign/proto/v1/action_service_pb";
import { AuditService } from "@countersign/proto/v1/audit_service_pb";
import { ReadEventsResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import { StreamPageSchema } from "@countersign/proto/internal/v1/stream_pb";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { STREAMS } from "./adapters/routes.ts";
import { mayCall, ROLES, type RpcName } from "./access.ts";
import { GatewayFixture } from "./testing/gateway-fixture.ts";
import { PUBLIC_METHODS } from "./testing/public-services.ts";

const { getGrantKeys, getAction } = ActionService.method;

let fixture: GatewayFixture;
let elapsed = 0;

beforeAll(async () => {
  fixture = await GatewayFixture.start({}, () => new Date(Date.now() + elapsed));
});
beforeEach(() => void fixture.sent.splice(0));
afterAll(() => fixture.close());

const call = (authorization: string | undefined, method: DescMethod = getGrantKeys) =>
  fixture.call(method, new Uint8Array(), authorization === undefined ? {} : { authorization });
const refused = (code: string, reason: string) => ({ code, error: { code, reason } });

describe("P7: without a good token nothing happens", () => {
  it.each(PUBLIC_METHODS.map((method) => [method.name, method] as const))("%s", async (_name, method) => {
    expect(await call(undefined, method)).toMatchObject(refused("UNAUTHENTICATED", "TOKEN_MISSING"));
    expect(await call("Bearer", method)).toMatchObject(refused("UNAUTHENTICATED", "TOKEN_MISSING"));
    expect(await call("Basic YWxpY2U6c2VjcmV0", method)).toMatchObject(refused("UNAUTHENTICATED", "TOKEN_MISSING"));
    expect(await call("Bearer nonsense", method)).toMatchObject(refused("UNAUTHENTICATED", "TOKEN_INVALID"));
    const authorization = `Bearer ${await fixture.token([...ROLES], { lifetimeSeconds: -31 })}`;
    expect(await call(authorization, method)).toMatchObject(refused("UNAUTHENTICATED", "TOKEN_EXPIRED"));
    expect(fixture.sent).toEqual([]);
  });

  it("forged, by another issuer's key of the same name", async () => {
    const stranger = await createDevelopmentIssuer();
    const token = await stranger.mint({ id: "alice", type: "human", tenant: "acme", roles: [...ROLES] });
    expect(await call(`Bearer ${token}`)).toMatchObject(refused("UNAUTHENTICATED", "TOKEN_INVALID"));
    expect(fixture.sent).toEqual([]);
  });

  it("forged, with the signature or the claims swapped", async () => {
    const [head, , signature] = (await fixture.token(["requester"])).split(".");
    const [, operator] = (await fixture.token(["operator"])).split(".");
    expect(await call(`Bearer ${head}.${operator}.${signature}`)).toMatchObject(refused("UNAUTHENTICATED", "TOKEN_INVALID"));
    const hs256 = Buffer.from('{"alg":"HS256"}').toString("base64url");
    const mac = createHmac("sha256", "").update(`${hs256}.${operator}`).digest("base64url");
    expect(await call(`Bearer ${hs256}.${operator}.${mac}`)).toMatchObject(refused("UNAUTHENTICATED", "TOKEN_INVALID"));
    expect(await call(`Bearer ${Buffer.from('{"alg":"none"}').toString("base64url")}.${operator}.`)).toMatchObject(
      refused("UNAUTHENTICATED", "TOKEN_INVALID"),
    );
    expect(fixture.sent).toEqual([]);
  });

  it("expired, also when it was good a moment ago", async () => {
    const authorization = `Bearer ${await fixture.token(["requester"], { lifetimeSeconds: 20 })}`;
    expect(await call(authorization)).toMatchObject({ code: "OK" });
    elapsed = 51_000;
    expect(await call(authorization)).toMatchObject(refused("UNAUTHENTICATED", "TOKEN_EXPIRED"));
    elapsed = 0;
    expect(fixture.sent).toHaveLength(1);
  });

  it("of a tenant that is no name", async () => {
    expect(await call(`Bearer ${await fixture.token(["requester"], { tenant: "acme.>" })}`)).toMatchObject(
      refused("UNAUTHENTICATED", "TOKEN_INVALID"),
    );
    expect(fixture.sent).toEqual([]);
  });
});

describe("P7: a long answer ends when its caller's token has expired", () => {
  const page = (ofOne: Uint8Array[], streamId = "1") =>
    toBinary(StreamPageSchema, create(StreamPageSchema, { messages: ofOne, instance: "audit", streamId }));
  const read = async (method: DescMethod) => {
    const token = await fixture.token([...ROLES], { lifetimeSeconds: 20 });
    let seen = 0;
    const ended = await (async () => {
      for await (const _ of fixture.transport(token).stream(method, method.name === "BacktestPolicy" ? { document: "rules: []" } : {}))
        seen += 1;
    })().catch(({ code, reason }: CountersignError) => `${code} ${reason}`);
    return { seen, ended };
  };
  beforeEach(() => (elapsed = 0));
  afterAll(() => {
    elapsed = 0;
    for (const name of Object.keys(fixture.answers)) delete fixture.answers[name];
  });

  it.each(Object.keys(STREAMS))("%s: with nothing to say, and with more to say", async (name) => {
    const method = PUBLIC_METHODS.find((one) => one.name === name) as DescMethod;
    for (const later of [[], [new Uint8Array()]]) {
      elapsed = 0;
      fixture.answers[name] = async () => page([new Uint8Array()]);
      fixture.answers["NextPage"] = async () => {
        elapsed = 51_000;
        await new Promise(setImmediate);
        return page(later);
      };
      expect(await read(method)).toEqual({ seen: 1, ended: "UNAUTHENTICATED TOKEN_EXPIRED" });
    }
  });

  it("StreamEvents: also within a page", async () => {
    fixture.answers["ReadEvents"] = async () => {
      elapsed = 51_000;
      return toBinary(ReadEventsResponseSchema, create(ReadEventsResponseSchema, { events: [{ position: 1n }], nextPosition: 2n }));
    };
    expect(await read(AuditService.method.streamEvents)).toEqual({ seen: 0, ended: "UNAUTHENTICATED TOKEN_EXPIRED" });
  });
});

describe("P8: a call carries its token's tenant and nothing else decides it", () => {
  it("whatever headers say", async () => {
    const authorization = `Bearer ${await fixture.token(["requester"], { tenant: "globex" })}`;
    await fixture.call(getGrantKeys, new Uint8Array(), { authorization, tenant: "acme", "x-tenant": "acme" });
    expect(fixture.sent.map(({ command }) => command.caller?.tenant)).toEqual(["globex"]);
  });

  it("nor a second token beside the first", async () => {
    const [own, theirs] = [await fixture.token(["requester"], { tenant: "globex" }), await fixture.token(["requester"])];
    for (const both of [
      `Bearer ${own}, Bearer ${theirs}`,
      `Bearer ${own},${theirs}`,
      `Bearer ${own} ${theirs}`,
      `Basic x, Bearer ${theirs}`,
    ])
      expect(await call(both)).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(fixture.sent).toEqual([]);
  });

  it("two callers never share a verified token", async () => {
    const tokens = [await fixture.token(["requester"]), await fixture.token(["requester"], { tenant: "globex", id: "gil" })];
    for (const token of [...tokens, ...tokens]) await call(`Bearer ${token}`);
    expect(fixture.sent.map(({ command }) => command.caller?.id)).toEqual(["alice", "gil", "alice", "gil"]);
  });
});

describe("P7: the table of roles holds for every method", () => {
  it.each(PUBLIC_METHODS.map((method) => [method.name, method] as const))("%s", async (name, method) => {
    const rpc = name as RpcName;
    for (const role of [...ROLES, "nobody"]) {
      const { code, error } = await call(`Bearer ${await fixture.token([role])}`, method);
      if (mayCall(rpc, [role])) expect(error?.reason).not.toBe("ROLE_MISSING");
      else expect([code, error?.reason]).toEqual(["PERMISSION_DENIED", "ROLE_MISSING"]);
    }
    for (const { command } of fixture.sent) expect(mayCall(rpc, command.caller?.roles ?? [])).toBe(true);
  });

  it("says which roles would do", async () => {
    const { error } = await call(`Bearer ${await fixture.token(["reviewer"])}`, ActionService.method.requestAction);
    expect(error?.metadata).toEqual({ roles: "requester" });
  });

  it("P8: a tenant's issuer does not make anybody operator of the whole ledger, whatever its tokens claim", async () => {
    const tenants = await createDevelopmentIssuer({}, undefined, "https://id.acme.test");
    const { mayGive: _all, ...untrusted } = tenants.issuer;
    const gateway = await GatewayFixture.start({ COUNTERSIGN_ISSUERS: JSON.stringify([untrusted]) });
    const token = await tenants.mint({ id: "eve", type: "human", tenant: "acme", roles: [...ROLES] });
    for (const method of [AuditService.method.fsck, AuditService.method.rebuildProjection, AuditService.method.startEpoch]) {
      const outcome = await gateway.call(method, new Uint8Array(), { authorization: `Bearer ${token}` });
      expect(outcome).toMatchObject(refused("PERMISSION_DENIED", "ROLE_MISSING"));
      expect(outcome.error?.metadata).toEqual({ roles: "ledger_operator", withheld: "ledger_operator" });
      expect(outcome.error?.message).toMatch(/ledger_operator, which its issuer may not give here/);
    }
    expect(gateway.sent).toEqual([]);
    await gateway.close();
  });

  it("asks who it is before it looks at the request", async () => {
    expect(await fixture.call(getAction, Uint8Array.of(0xff), {})).toMatchObject(refused("UNAUTHENTICATED", "TOKEN_MISSING"));
    const authorization = `Bearer ${await fixture.token([])}`;
    expect(await fixture.call(getAction, Uint8Array.of(0xff), { authorization })).toMatchObject(
      refused("PERMISSION_DENIED", "ROLE_MISSING"),
    );
  });
});
