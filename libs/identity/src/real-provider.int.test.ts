import { createHmac } from "node:crypto";
import { PrincipalType, SignInStrength } from "@countersign/proto/v1/principal_pb";
import { type CryptoKey, decodeJwt, decodeProtectedHeader, exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAuthenticator, type Authenticator } from "./authenticator.ts";
import type { IssuerInput } from "./issuer-config.ts";
import { type RealProvider, startRealProvider } from "./testing/real-provider.ts";

const COOLDOWN_MS = 30_000;

let provider: RealProvider;
let authenticator: Authenticator;
let elapsed = 0;
/** Where the clock stands still, for what depends on a second. */
let stopped: Date | undefined;

const authenticatorWith = (changes: Partial<IssuerInput> = {}) =>
  createAuthenticator({
    issuers: [
      {
        issuer: provider.issuer,
        audience: provider.audience,
        jwks: { url: provider.keysUrl, refreshAfter: "10m", maxAge: "1h" },
        tenants: { "directory-1": "acme" },
        claims: { tenant: "tid", type: "kind" },
        types: { app: "service", person: "human" },
        signIn: { acr: ["urn:acme:mfa"], amr: ["mfa", ["pwd", "hwk"]], maxAge: "15m" },
        ...changes,
      },
    ],
    refetchKeysAfterMs: COOLDOWN_MS,
    clock: () => stopped ?? new Date(Date.now() + elapsed),
  });
const stopAt = (token: string, age: number): void => {
  stopped = new Date(((decodeJwt(token).iat ?? Number.NaN) + age) * 1000);
};
const outcome = async (token: string | Promise<string>, by = authenticator) =>
  by.authenticate(await token).then(
    ({ principal }) => principal.id,
    (error: { code: string }) => error.code,
  );

beforeEach(async () => {
  elapsed = 0;
  stopped = undefined;
  provider = await startRealProvider();
  provider.say({ kind: "app", tid: "directory-1", roles: ["requester"] });
  authenticator = authenticatorWith();
});
afterEach(() => provider.close());

describe("tokens of a certified provider", () => {
  it("are taken, with claims mapped by configuration", async () => {
    const token = await provider.serviceToken();
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: "at+jwt", alg: "ES256" });
    const { principal } = await authenticator.authenticate(token);
    expect(principal).toMatchObject({
      tenant: "acme",
      type: PrincipalType.SERVICE,
      issuer: provider.issuer,
      id: "runbook",
      roles: ["requester"],
      signIn: SignInStrength.UNSPECIFIED,
    });
  });

  it("P7: for another audience are refused", async () => {
    expect(await outcome(provider.serviceToken("urn:acme:payroll"))).toBe("TOKEN_INVALID");
  });

  it("P8: of a directory that is no tenant of this issuer are refused, whatever it is called", async () => {
    for (const tid of ["directory-2", "acme", "__proto__", ["directory-1", "x"], 7]) {
      provider.say({ kind: "app", tid });
      expect(await outcome(provider.serviceToken())).toBe("TOKEN_INVALID");
    }
  });

  it("P7: expire after 30 s of grace", async () => {
    const token = await provider.serviceToken();
    stopAt(token, 329);
    expect(await outcome(token)).toBe("runbook");
    stopAt(token, 331);
    expect(await outcome(token)).toBe("TOKEN_EXPIRED");
  });

  it("P7: older than their issuer's may be are refused before they expire", async () => {
    const strict = authenticatorWith({ maxTokenAge: "1m" });
    const token = await provider.serviceToken();
    stopAt(token, 89);
    expect(await outcome(token, strict)).toBe("runbook");
    stopAt(token, 91);
    expect(await outcome(token, strict)).toBe("TOKEN_EXPIRED");
    expect(await outcome(token)).toBe("runbook");
  });

  it("P7: of another kind, signed with the same key, are refused", async () => {
    const own = await generateKeyPair("ES256", { extractable: true });
    const jwk = { ...(await exportJWK(own.publicKey)), kty: "EC" as const };
    const withKeys = (changes: Partial<IssuerInput>) => authenticatorWith({ jwks: { keys: [jwk] }, ...changes });
    const claims = decodeJwt(await provider.serviceToken());
    const typed = (typ?: string) =>
      new SignJWT(claims).setProtectedHeader({ alg: "ES256", ...(typ === undefined ? {} : { typ }) }).sign(own.privateKey);
    expect(await outcome(typed("at+jwt"), withKeys({}))).toBe("runbook");
    expect(await outcome(typed("application/at+JWT"), withKeys({}))).toBe("runbook");
    expect(await outcome(typed(), withKeys({}))).toBe("runbook");
    for (const typ of ["logout+jwt", "dpop+jwt", "secevent+jwt"]) expect(await outcome(typed(typ), withKeys({}))).toBe("TOKEN_INVALID");
    expect(await outcome(typed(), withKeys({ tokenTypes: ["at+jwt"] }))).toBe("TOKEN_INVALID");
    expect(await outcome(provider.serviceToken(), authenticatorWith({ tokenTypes: ["at+jwt"] }))).toBe("runbook");
  });

  it("P7: signed with its public key as a shared secret (alg confusion), or with none, are refused", async () => {
    const token = await provider.serviceToken();
    const [, body] = token.split(".");
    const { kid } = decodeProtectedHeader(token);
    const key = await importJWK(provider.publicKey(), "ES256");
    const secrets = [await exportSPKI(key as CryptoKey), JSON.stringify(provider.publicKey()), provider.publicKey().x ?? ""];
    for (const alg of ["HS256", "HS512"] as const) {
      const head = Buffer.from(JSON.stringify({ alg, kid, typ: "at+jwt" })).toString("base64url");
      for (const secret of secrets) {
        const mac = createHmac(`sha${alg.slice(2)}`, secret)
          .update(`${head}.${body}`)
          .digest("base64url");
        expect(await outcome(`${head}.${body}.${mac}`)).toBe("TOKEN_INVALID");
      }
    }
    for (const alg of ["none", "None", "ES256"]) {
      const head = Buffer.from(JSON.stringify({ alg, kid, typ: "at+jwt" })).toString("base64url");
      expect(await outcome(`${head}.${body}.`)).toBe("TOKEN_INVALID");
    }
  });
});

describe("keys of a certified provider", () => {
  it("rotate in the middle: new tokens are taken at once after the cooldown, those of the withdrawn key no more", async () => {
    const old = await provider.serviceToken();
    const second = await provider.serviceToken();
    expect(await outcome(old)).toBe("runbook");
    await provider.rotate();
    elapsed = COOLDOWN_MS;
    expect(await outcome(provider.serviceToken())).toBe("runbook");
    expect(await outcome(second)).toBe("TOKEN_INVALID");
    expect(provider.fetches()).toBe(2);
  });

  it("are not asked for again and again by a flood of unknown key ids", async () => {
    await outcome(provider.serviceToken());
    const stranger = await generateKeyPair("ES256");
    const claims = decodeJwt(await provider.serviceToken());
    const forged = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        new SignJWT({ ...claims, jti: String(index) }).setProtectedHeader({ alg: "ES256", kid: `k${index}` }).sign(stranger.privateKey),
      ),
    );
    expect(provider.fetches()).toBe(1);
    for (const at of [0, COOLDOWN_MS]) {
      elapsed = at;
      expect(new Set(await Promise.all(forged.map((token) => outcome(token))))).toEqual(new Set(["TOKEN_INVALID"]));
    }
    expect(provider.fetches()).toBe(2);
    provider.breakKeys(true);
    elapsed = 2 * COOLDOWN_MS;
    for (let round = 0; round < 3; round += 1) {
      expect(new Set(await Promise.all(forged.map((token) => outcome(token))))).toEqual(new Set(["ISSUER_UNREACHABLE"]));
    }
    expect(provider.fetches()).toBe(3);
  });

  it("P7: that cannot be fetched any more go on until their maximum age, then nobody is let in, until they can be", async () => {
    expect(await outcome(provider.serviceToken())).toBe("runbook");
    provider.lifetime(7200);
    provider.breakKeys(true);
    for (const minutes of [11, 59]) {
      elapsed = minutes * 60_000;
      expect(await outcome(provider.serviceToken())).toBe("runbook");
    }
    elapsed = 61 * 60_000;
    expect(await outcome(provider.serviceToken())).toBe("ISSUER_UNREACHABLE");
    provider.breakKeys(false);
    elapsed += 1000;
    expect(await outcome(provider.serviceToken())).toBe("runbook");
  });
});

describe("how strongly a person signed in", () => {
  const minutesAgo = (minutes: number) => Math.floor((Date.now() - minutes * 60_000) / 1000);
  const strengthOf = async (claims: Readonly<Record<string, unknown>>) => {
    provider.say({ kind: "person", tid: "directory-1", ...claims });
    return (await authenticator.authenticate(await provider.personToken("ann"))).principal.signIn;
  };
  const { SESSION, MFA } = SignInStrength;

  it.each<[string, Readonly<Record<string, unknown>>, SignInStrength]>([
    ["an acr that counts", { acr: "urn:acme:mfa", auth_time: minutesAgo(1) }, MFA],
    ["an amr that counts", { amr: ["pwd", "mfa"], auth_time: minutesAgo(1) }, MFA],
    ["several amr that count together", { amr: ["hwk", "pwd"], auth_time: minutesAgo(1) }, MFA],
    ["one of them alone", { amr: ["hwk"], auth_time: minutesAgo(1) }, SESSION],
    ["another acr", { acr: "urn:acme:password", auth_time: minutesAgo(1) }, SESSION],
    ["a second factor too long ago", { amr: ["mfa"], auth_time: minutesAgo(16) }, SESSION],
    ["a second factor at no known time", { amr: ["mfa"] }, SESSION],
    ["a second factor tomorrow", { amr: ["mfa"], auth_time: minutesAgo(-1440) }, SESSION],
    ["amr as text", { amr: "mfa", auth_time: minutesAgo(1) }, SESSION],
    ["nothing", {}, SESSION],
  ])("%s", async (_what, claims, strength) => {
    expect(await strengthOf(claims)).toBe(strength);
  });

  it("does not outlive its time in the cache of verified tokens", async () => {
    provider.say({ kind: "person", tid: "directory-1", amr: ["mfa"], auth_time: minutesAgo(14.5) });
    const token = await provider.personToken("ann");
    expect((await authenticator.authenticate(token)).principal.signIn).toBe(MFA);
    elapsed = 40_000;
    expect((await authenticator.authenticate(token)).principal.signIn).toBe(SESSION);
  });

  it("P3: is nothing that a service or whoever acts for a person can have", async () => {
    expect(await strengthOf({ kind: "app", acr: "urn:acme:mfa", auth_time: minutesAgo(1) })).toBe(SignInStrength.UNSPECIFIED);
    const act = { sub: "copilot" };
    expect(await strengthOf({ act, acr: "urn:acme:mfa", auth_time: minutesAgo(1) })).toBe(SignInStrength.UNSPECIFIED);
    expect(await strengthOf({ act: { ...act, principal_type: "person" }, acr: "urn:acme:mfa", auth_time: minutesAgo(1) })).toBe(
      SignInStrength.UNSPECIFIED,
    );
  });
});
