import { createHash, createHmac, KeyObject, sign } from "node:crypto";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { createAuthenticator, type Authenticator, type AuthenticatorOptions } from "./authenticator.ts";
import type { IssuerInput } from "./issuer-config.ts";

const NOW = 1_800_000_000;
let now = new Date(NOW * 1000);
const keys = await generateKeyPair("EdDSA", { extractable: true });
const strangerKeys = await generateKeyPair("EdDSA");
const acme: IssuerInput = {
  issuer: "https://id.acme.test",
  audience: "countersign",
  jwks: { keys: [{ ...(await exportJWK(keys.publicKey)), kty: "OKP" }] },
  tenants: ["acme", "acme-labs"],
};
const claims = {
  iss: acme.issuer,
  aud: "countersign",
  sub: "alice",
  iat: NOW - 10,
  exp: NOW + 300,
  tenant: "acme",
  principal_type: "human",
  groups: ["sre", "dba"],
  roles: ["reviewer"],
};

let authenticator: Authenticator;
const authenticatorWith = (options: Partial<AuthenticatorOptions> = {}) =>
  createAuthenticator({ issuers: [acme], clock: () => now, ...options });
const mint = (changes: Record<string, unknown> = {}, key = keys.privateKey) =>
  new SignJWT(JSON.parse(JSON.stringify({ ...claims, ...changes })) as JWTPayload).setProtectedHeader({ alg: "EdDSA" }).sign(key);
const refusal = async (token: string | Promise<string>) =>
  authenticator.authenticate(await token).then(
    () => "accepted",
    (error: { code: string }) => error.code,
  );

beforeAll(() => {
  authenticator = authenticatorWith();
});

describe("a good token", () => {
  it("becomes a principal with type, tenant, groups and roles", async () => {
    const { principal, expiresAt } = await authenticator.authenticate(await mint({ owner: "carol" }));
    expect(principal).toMatchObject({
      tenant: "acme",
      type: PrincipalType.HUMAN,
      issuer: acme.issuer,
      id: "alice",
      groups: ["sre", "dba"],
      roles: ["reviewer"],
      chain: [],
      owner: { issuer: acme.issuer, id: "carol" },
    });
    expect(expiresAt).toEqual(new Date((NOW + 330) * 1000));
  });

  it("is frozen, because calls share it", async () => {
    const { principal } = await authenticator.authenticate(await mint());
    expect(() => principal.roles.push("operator")).toThrow(TypeError);
    expect(() => (principal.tenant = "other")).toThrow(TypeError);
  });

  it("may keep its claims elsewhere", async () => {
    const mapped = authenticatorWith({
      issuers: [{ ...acme, tenants: ["acme"], claims: { roles: ["realm_access", "roles"], type: "https://acme.test/type" } }],
    });
    const token = await mint({
      tenant: undefined,
      roles: undefined,
      realm_access: { roles: ["auditor"] },
      "https://acme.test/type": "service",
    });
    const { principal } = await mapped.authenticate(token);
    expect(principal).toMatchObject({ tenant: "acme", roles: ["auditor"], type: PrincipalType.SERVICE });
  });
});

describe("claims mean what the configuration says", () => {
  const principalWith = async (issuer: Partial<IssuerInput>, changes: Record<string, unknown>) =>
    (await authenticatorWith({ issuers: [{ ...acme, ...issuer }] }).authenticate(await mint(changes))).principal;
  const refusalWith = (issuer: Partial<IssuerInput>, changes: Record<string, unknown>) =>
    principalWith(issuer, changes).then(
      () => "accepted",
      (error: Error) => error.message,
    );

  it("types by their own names, or by what is said of tokens without any", async () => {
    const types = { app: "service", user: "human" } as const;
    expect((await principalWith({ types }, { principal_type: "app" })).type).toBe(PrincipalType.SERVICE);
    expect(await refusalWith({ types }, { principal_type: "human" })).toMatch(/human, agent or service/);
    expect((await principalWith({ defaultType: "agent" }, { principal_type: undefined })).type).toBe(PrincipalType.AGENT);
    expect(await refusalWith({ defaultType: "agent" }, { principal_type: null })).toMatch(/human, agent or service/);
  });

  it("roles by a map, and then nothing else gives a role", async () => {
    const roles = { "sre-approvers": ["reviewer"], deployers: ["requester", "executor"] };
    const changes = { groups: ["sre-approvers", "deployers", "operator", "constructor"] };
    const principal = await principalWith({ roles, claims: { roles: "groups" } }, changes);
    expect(principal.roles).toEqual(["reviewer", "requester", "executor"]);
    expect((await principalWith({ roles }, { roles: ["operator"] })).roles).toEqual([]);
  });

  it("P8: roles as its issuer may give them: what concerns whole ledgers only where the settings say so", async () => {
    const rolesWith = async (issuer: Partial<IssuerInput>, roles: readonly string[]) => {
      const { principal, withheldRoles } = await authenticatorWith({ issuers: [{ ...acme, ...issuer }] }).authenticate(
        await mint({ roles }),
      );
      return [principal.roles, withheldRoles];
    };
    const claimed = ["operator", "ledger_operator", "of-our-own"];
    expect(await rolesWith({}, claimed)).toEqual([["operator", "of-our-own"], ["ledger_operator"]]);
    expect(await rolesWith({ mayGive: ["ledger_operator", "auditor"] }, claimed)).toEqual([
      ["ledger_operator"],
      ["operator", "of-our-own"],
    ]);
    expect(await rolesWith({ mayGive: [] }, claimed)).toEqual([[], claimed]);
    const mapped = { roles: { sre: ["operator", "ledger_operator"] }, mayGive: ["operator", "ledger_operator"] };
    expect(await rolesWith(mapped, ["sre", "ledger_operator"])).toEqual([["operator", "ledger_operator"], []]);
  });

  it("P7: groups that the issuer left out because they are too many (Entra's overage) refuse the token, and say what to do", async () => {
    for (const overage of [
      { _claim_names: { groups: "src1" }, _claim_sources: { src1: { endpoint: "https://graph.test" } } },
      { hasgroups: true },
    ]) {
      expect(await refusalWith({}, { groups: undefined, ...overage })).toMatch(/too many .* take groups from the directory/);
      expect((await principalWith({ groupsFrom: "directory" }, { groups: undefined, ...overage })).groups).toEqual([]);
    }
  });

  it("groups of a token count for nothing where the directory says them", async () => {
    expect((await principalWith({ groupsFrom: "directory" }, { groups: ["sre"] })).groups).toEqual([]);
  });

  it("P3: an agent that says neither its owner nor for whom it acts is refused where that is asked", async () => {
    const issuer = { agentsNeedOwner: true };
    expect(await refusalWith(issuer, { principal_type: "agent" })).toMatch(/who owns its agent/);
    expect(await refusalWith(issuer, { principal_type: "agent", owner: "carol" })).toBe("accepted");
    expect(await refusalWith(issuer, { act: { sub: "planner" } })).toBe("accepted");
    expect(await refusalWith(issuer, {})).toBe("accepted");
  });
});

describe("P7: what cannot be verified is refused", () => {
  it.each<[string, Record<string, unknown>, string]>([
    ["expired", { exp: NOW - 31 }, "TOKEN_EXPIRED"],
    ["without exp", { exp: undefined }, "TOKEN_INVALID"],
    ["not valid yet", { nbf: NOW + 31 }, "TOKEN_INVALID"],
    ["issued in the future", { iat: NOW + 31 }, "TOKEN_INVALID"],
    ["living too long", { exp: NOW + 86_500 }, "TOKEN_INVALID"],
    ["living too long, with no iat", { iat: undefined, exp: NOW + 90_000 }, "TOKEN_INVALID"],
    ["of an unknown issuer", { iss: "https://evil.test" }, "TOKEN_INVALID"],
    ["without issuer", { iss: undefined }, "TOKEN_INVALID"],
    ["for another audience", { aud: "payroll" }, "TOKEN_INVALID"],
    ["without audience", { aud: undefined }, "TOKEN_INVALID"],
    ["without subject", { sub: undefined }, "TOKEN_INVALID"],
    ["with an empty subject", { sub: "" }, "TOKEN_INVALID"],
    ["with control characters in its subject", { sub: "alice\n" }, "TOKEN_INVALID"],
    ["without principal type", { principal_type: undefined }, "TOKEN_INVALID"],
    ["with an unknown principal type", { principal_type: "constructor" }, "TOKEN_INVALID"],
    ["with groups that are no array", { groups: "sre" }, "TOKEN_INVALID"],
    ["with groups that are no strings", { groups: ["sre", 1] }, "TOKEN_INVALID"],
    ["with too many groups", { groups: Array.from({ length: 257 }, (_, index) => `g${index}`) }, "TOKEN_INVALID"],
    ["with too many roles", { roles: Array.from({ length: 65 }, (_, index) => `r${index}`) }, "TOKEN_INVALID"],
    ["with a malformed owner", { owner: 5 }, "TOKEN_INVALID"],
  ])("%s", async (_what, changes, code) => {
    expect(await refusal(mint(changes))).toBe(code);
  });

  it("signed by another key", async () => {
    expect(await refusal(mint({}, strangerKeys.privateKey))).toBe("TOKEN_INVALID");
  });

  it("altered after it was signed", async () => {
    const [header, , signature] = (await mint()).split(".");
    const body = Buffer.from(JSON.stringify({ ...claims, roles: ["operator"] })).toString("base64url");
    expect(await refusal(`${header}.${body}.${signature}`)).toBe("TOKEN_INVALID");
  });

  it("unsigned (alg none)", async () => {
    expect(await refusal(new UnsecuredJWT(claims).encode())).toBe("TOKEN_INVALID");
  });

  it("signed with HS256 and the public key as secret", async () => {
    const head = Buffer.from(JSON.stringify({ alg: "HS256" })).toString("base64url");
    const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
    for (const secret of [await exportSPKI(keys.publicKey), Buffer.from((await exportJWK(keys.publicKey)).x ?? "", "base64url")]) {
      const signature = createHmac("sha256", secret).update(`${head}.${body}`).digest("base64url");
      expect(await refusal(`${head}.${body}.${signature}`)).toBe("TOKEN_INVALID");
    }
  });

  it("signed with an algorithm that its issuer may not use", async () => {
    const elliptic = await generateKeyPair("ES256", { extractable: true });
    const issuer: IssuerInput = {
      ...acme,
      algorithms: ["EdDSA"],
      jwks: { keys: [{ ...(await exportJWK(elliptic.publicKey)), kty: "EC" }] },
    };
    const token = await new SignJWT(claims).setProtectedHeader({ alg: "ES256" }).sign(elliptic.privateKey);
    await expect(authenticatorWith({ issuers: [issuer] }).authenticate(token)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  it.each([0, null, [], { a: 1 }, true])("whose header names %j as its type", async (typ) => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${part({ alg: "EdDSA", typ })}.${part(claims)}`;
    const signature = sign(null, Buffer.from(signed), KeyObject.from(keys.privateKey)).toString("base64url");
    expect(await refusal(`${signed}.${signature}`)).toBe("TOKEN_INVALID");
  });

  it.each(["", "x", "a.b.c", "x".repeat(17_000)])("no JWT at all", async (token) => {
    expect(await refusal(token)).toBe(token === "" ? "TOKEN_MISSING" : "TOKEN_INVALID");
  });
});

describe("P7: a token bound to a certificate (RFC 8705)", () => {
  const certificate = Buffer.from("certificate");
  const cnf = { "x5t#S256": createHash("sha256").update(certificate).digest("base64url") };
  const outcome = (token: string, presented?: Buffer) =>
    authenticator
      .authenticate(token, () => presented)
      .then(
        () => "accepted",
        (error: { code: string }) => error.code,
      );

  it("is good with that certificate only, also when it is remembered", async () => {
    const token = await mint({ cnf });
    expect(await outcome(token, certificate)).toBe("accepted");
    expect(await outcome(token, Buffer.from("another"))).toBe("TOKEN_INVALID");
    expect(await outcome(token)).toBe("TOKEN_INVALID");
    expect(await outcome(token, certificate)).toBe("accepted");
  });

  it.each([{ jkt: "x" }, {}, { ...cnf, jkt: "x" }, "x", null, [cnf], { "x5t#S256": "" }])(
    "is refused when it is bound by %j",
    async (other) => {
      expect(await outcome(await mint({ cnf: other }), certificate)).toBe("TOKEN_INVALID");
    },
  );
});

describe("P8: an issuer speaks for its own tenants only", () => {
  it.each<[string, Record<string, unknown>]>([
    ["another tenant", { tenant: "globex" }],
    ["no tenant although it has several", { tenant: undefined }],
    ["a tenant that is no name", { tenant: "acme.*" }],
    ["a tenant that is no string", { tenant: ["acme"] }],
  ])("%s", async (_what, changes) => {
    expect(await refusal(mint(changes))).toBe("TOKEN_INVALID");
  });

  it("also refuses what is no tenant name when it may speak for all", async () => {
    authenticator = authenticatorWith({ issuers: [{ ...acme, tenants: "*" }] });
    expect(await refusal(mint({ tenant: "globex" }))).toBe("accepted");
    for (const tenant of ["Globex", "a b", "-x", "x".repeat(64), "a>b", ""]) expect(await refusal(mint({ tenant }))).toBe("TOKEN_INVALID");
    authenticator = authenticatorWith();
  });
});

describe("P3: who acts for whom (RFC 8693)", () => {
  it("takes the actor for the caller and keeps everybody it acts for or through, nearest first", async () => {
    const act = { sub: "planner", act: { sub: "copilot", iss: "https://agents.test", act: { sub: "ide" } } };
    const { principal } = await authenticator.authenticate(await mint({ act }));
    expect(principal).toMatchObject({
      type: PrincipalType.AGENT,
      issuer: acme.issuer,
      id: "planner",
      chain: [
        { issuer: "https://agents.test", id: "copilot" },
        { issuer: acme.issuer, id: "ide" },
        { issuer: acme.issuer, id: "alice" },
      ],
    });
  });

  it("P2, P3: refuses an actor of another issuer: its principal, grants and owner are not this one's to speak for", async () => {
    expect(await refusal(mint({ act: { sub: "runbook", iss: "https://agents.test" } }))).toBe("TOKEN_INVALID");
  });

  it("takes the actor's own issuer and type where the configuration allows it", async () => {
    const act = { sub: "runbook", iss: "https://agents.test", principal_type: "service" };
    const trusting = authenticatorWith({ issuers: [{ ...acme, actorIssuers: ["https://agents.test"] }] });
    const { principal } = await trusting.authenticate(await mint({ act }));
    expect(principal).toMatchObject({ type: PrincipalType.SERVICE, issuer: "https://agents.test", id: "runbook" });
  });

  it.each<[string, unknown]>([
    ["text", "planner"],
    ["null", null],
    ["an array", [{ sub: "planner" }]],
    ["without sub", { iss: "https://agents.test" }],
    ["with a malformed nested actor", { sub: "planner", act: { sub: 1 } }],
    ["with an unknown type", { sub: "planner", principal_type: "robot" }],
    ["too deep", Array.from({ length: 9 }).reduce<object>((act) => ({ sub: "a", act }), { sub: "z" })],
  ])("refuses an act claim that is %s", async (_what, act) => {
    expect(await refusal(mint({ act }))).toBe("TOKEN_INVALID");
  });
});

describe("clocks", () => {
  it("may be 30 s apart, both ways", async () => {
    expect(await refusal(mint({ exp: NOW - 29 }))).toBe("accepted");
    expect(await refusal(mint({ nbf: NOW + 29, iat: NOW + 29 }))).toBe("accepted");
  });

  it("end a remembered token when it expires", async () => {
    const token = await mint({ exp: NOW + 20 });
    expect(await refusal(token)).toBe("accepted");
    now = new Date((NOW + 51) * 1000);
    expect(await refusal(token)).toBe("TOKEN_EXPIRED");
    now = new Date(NOW * 1000);
  });

  it("forget a verified token after 60 s", async () => {
    const other = await generateKeyPair("EdDSA", { extractable: true });
    const published = { ...acme, jwks: { keys: [{ ...(await exportJWK(other.publicKey)), kty: "OKP" as const }] } };
    const fresh = authenticatorWith({ issuers: [published] });
    const token = await mint({}, other.privateKey);
    const first = await fresh.authenticate(token);
    expect(await fresh.authenticate(token)).toBe(first);
    now = new Date((NOW + 61) * 1000);
    expect(await fresh.authenticate(token)).not.toBe(first);
    now = new Date(NOW * 1000);
  });
});
