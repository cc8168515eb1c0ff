import { createHash, createHmac, KeyObject, sign } from "node:crypto";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import type { IssuerInput } from "./issuer-config.ts";
import { acme, authenticatorWith, claims, keys, mint, NOW, outcomeOf } from "./testing/tokens.ts";

const strangerKeys = await generateKeyPair("EdDSA");
const authenticator = authenticatorWith();
const refusal = (token: string | Promise<string>) => outcomeOf(authenticator, token);

describe("P7: what cannot be verified is refused", () => {
  it.each<[string, Record<string, unknown>, string]>([
    ["expired", { exp: NOW - 31 }, "TOKEN_EXPIRED"],
    ["without exp", { exp: undefined }, "TOKEN_INVALID"],
    ["not valid yet", { nbf: NOW + 31 }, "TOKEN_INVALID"],
    ["issued in the future", { iat: NOW + 31 }, "TOKEN_INVALID"],
    ["living too long", { exp: NOW + 86_500 }, "TOKEN_INVALID"],
    ["living too long, with no iat", { iat: undefined, exp: NOW + 90_000 }, "TOKEN_INVALID"],
    ["living too long, though most of it is over", { iat: NOW - 86_500 }, "TOKEN_INVALID"],
    ["of an unknown issuer", { iss: "https://evil.test" }, "TOKEN_INVALID"],
    ["without issuer", { iss: undefined }, "TOKEN_INVALID"],
    ["for another audience", { aud: "payroll" }, "TOKEN_INVALID"],
    ["without audience", { aud: undefined }, "TOKEN_INVALID"],
    ["without subject", { sub: undefined }, "TOKEN_INVALID"],
    ["with an empty subject", { sub: "" }, "TOKEN_INVALID"],
    ["with a subject that is said to be another issuer's", { sub: { iss: "https://people.test", sub: "ann" } }, "TOKEN_INVALID"],
    ["the same, of an actor", { sub: { iss: "https://people.test", sub: "ann" }, act: { sub: "planner" } }, "TOKEN_INVALID"],
    ["with too long a subject", { sub: "x".repeat(257) }, "TOKEN_INVALID"],
    ["with an actor of too long an issuer", { act: { sub: "planner", iss: "x".repeat(513) } }, "TOKEN_INVALID"],
    ["with control characters in its subject", { sub: "alice\n" }, "TOKEN_INVALID"],
    ["with half a character in its subject, which the log would hold as another", { sub: "alice\ud800" }, "TOKEN_INVALID"],
    ["with half a character in the name of a group", { groups: ["sre\ud800"] }, "TOKEN_INVALID"],
    ["without principal type", { principal_type: undefined }, "TOKEN_INVALID"],
    ["with an unknown principal type", { principal_type: "constructor" }, "TOKEN_INVALID"],
    ["with groups that are no array", { groups: "sre" }, "TOKEN_INVALID"],
    ["with groups that are no strings", { groups: ["sre", 1] }, "TOKEN_INVALID"],
    ["with a group without a name", { groups: ["sre", ""] }, "TOKEN_INVALID"],
    ["with a group of too long a name", { groups: ["x".repeat(257)] }, "TOKEN_INVALID"],
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

  it("issued in the future, by a clock that was set back since it was good", async () => {
    let now = NOW;
    const { authenticate } = authenticatorWith({ clock: () => new Date(now * 1000) });
    const token = await mint();
    await authenticate(token);
    now -= 60;
    await expect(authenticate(token)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  it.each(["", "x", "a.b.c", "x".repeat(17_000)])("no JWT at all", async (token) => {
    expect(await refusal(token)).toBe(token === "" ? "TOKEN_MISSING" : "TOKEN_INVALID");
  });
});

describe("P7: a token bound to a certificate (RFC 8705)", () => {
  const certificate = Buffer.from("certificate");
  const cnf = { "x5t#S256": createHash("sha256").update(certificate).digest("base64url") };
  const outcome = (token: string, presented?: Buffer) => outcomeOf(authenticator, token, () => presented);

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
