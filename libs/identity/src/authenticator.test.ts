import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { exportJWK, generateKeyPair } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import type { Authenticator, AuthenticatorOptions } from "./authenticator.ts";
import type { IssuerInput } from "./issuer-config.ts";
import { acme, authenticatorWith as authenticatorAt, mint, NOW, outcomeOf } from "./testing/tokens.ts";

let now = new Date(NOW * 1000);
let authenticator: Authenticator;
const authenticatorWith = (options: Partial<AuthenticatorOptions> = {}) => authenticatorAt({ clock: () => now, ...options });
const refusal = (token: string | Promise<string>) => outcomeOf(authenticator, token);

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

describe("P3: to which issuer an owner belongs", () => {
  const people = { ...acme, issuer: "https://people.test" };
  const ownerAt = async (issuers: readonly IssuerInput[], owner: unknown) =>
    authenticatorWith({ issuers })
      .authenticate(await mint({ owner }))
      .then(
        ({ principal }) => principal.owner?.issuer,
        (error: unknown) => String(error),
      );

  it("its token says it, or else the settings of its issuer", async () => {
    const agents = { ...acme, ownerIssuer: people.issuer };
    expect(await ownerAt([agents, people], "ann")).toBe(people.issuer);
    expect(await ownerAt([agents, people], { sub: "ann" })).toBe(people.issuer);
    expect(await ownerAt([agents, people], { sub: "ann", iss: acme.issuer })).toBe(acme.issuer);
    expect(await ownerAt([{ ...acme, ownerIssuer: acme.issuer }, people], "ann")).toBe(acme.issuer);
  });

  it("an id alone is refused where several issuers speak for the tenant, and nobody said which one it is of", async () => {
    expect(await ownerAt([acme, people], "ann")).toMatch(/owner by an id alone.*\{iss, sub\}.*ownerIssuer/);
    expect(await ownerAt([acme, { ...people, tenants: "*" }], "ann")).toMatch(/owner by an id alone/);
    expect(await ownerAt([acme, { ...people, tenants: { x: "acme" } }], { sub: "ann" })).toMatch(/owner by an id alone/);
    expect(await ownerAt([acme, people], { sub: "ann", iss: people.issuer })).toBe(people.issuer);
    expect(await ownerAt([acme, people], undefined)).toBeUndefined();
  });

  it("an id alone is of the token's own issuer where no other one speaks for the tenant", async () => {
    expect(await ownerAt([acme], "ann")).toBe(acme.issuer);
    expect(await ownerAt([acme, { ...people, tenants: ["globex"] }], "ann")).toBe(acme.issuer);
  });
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
    // What could pass for acme somewhere: in a subject, a pattern, a key, a path, or to the eye. And whom the ledger's own events belong to.
    for (const tenant of ["acme.", "acme/x", "Acme", "acme%", "acm_", "acme\n", "acme\0", "\u0430cme", "\uff41cme", "_ledger"])
      expect(await refusal(mint({ tenant }))).toBe("TOKEN_INVALID");
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

  it("P3: the subject is its issuer's own, and another's only where the settings let it act for that one's people (RFC 9493)", async () => {
    const people = "https://people.test";
    const act = { sub: "planner" };
    const named = (more: object) => ({ format: "iss_sub", iss: people, sub: "ann", ...more });
    const trusting = authenticatorWith({ issuers: [{ ...acme, subjectIssuers: [people] }] });
    const { principal } = await trusting.authenticate(await mint({ act, sub_id: named({}) }));
    expect(principal).toMatchObject({
      issuer: acme.issuer,
      id: "planner",
      chain: [{ issuer: people, id: "ann", type: PrincipalType.HUMAN }],
    });
    expect(await refusal(mint({ act, sub_id: named({}) }))).toBe("TOKEN_INVALID");
    for (const sub_id of [named({ iss: "https://other.test" }), named({ iss: undefined }), named({ sub: "" }), named({ iss: acme.issuer })])
      expect(await outcomeOf(trusting, mint({ act, sub_id }))).toBe("TOKEN_INVALID");
    for (const sub_id of [named({ iss: acme.issuer, sub: "alice" }), { format: "opaque", id: "7" }, undefined]) {
      const { principal: own } = await trusting.authenticate(await mint({ act, sub_id }));
      expect(own.chain).toMatchObject([{ issuer: acme.issuer, id: "alice" }]);
    }
    // Nobody calls as somebody of another issuer by it.
    const { principal: alone } = await trusting.authenticate(await mint({ sub_id: named({}) }));
    expect(alone).toMatchObject({ issuer: acme.issuer, id: "alice", chain: [] });
  });

  it("P3: says of each link whether it is a human, as far as the token does: one of whom nobody knows may be one", async () => {
    const act = {
      sub: "planner",
      act: { sub: "helpdesk", principal_type: "human", act: { sub: "ide", act: { sub: "x", principal_type: "robot" } } },
    };
    const types = async (changes: Record<string, unknown>, more: Partial<IssuerInput> = {}) => {
      const { principal } = await authenticatorWith({ issuers: [{ ...acme, ...more }] }).authenticate(await mint({ act, ...changes }));
      return principal.chain.map(({ type }) => type);
    };
    const { HUMAN, AGENT, SERVICE, UNSPECIFIED } = PrincipalType;
    expect(await types({})).toEqual([HUMAN, AGENT, UNSPECIFIED, HUMAN]);
    expect((await types({ principal_type: "service" })).at(-1)).toBe(SERVICE);
    expect((await types({ principal_type: "robot" })).at(-1)).toBe(UNSPECIFIED);
    expect((await types({ principal_type: undefined })).at(-1)).toBe(UNSPECIFIED);
    expect((await types({ principal_type: undefined }, { defaultType: "service" })).at(-1)).toBe(SERVICE);
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
