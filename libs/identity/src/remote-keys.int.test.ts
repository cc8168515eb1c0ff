import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAuthenticator } from "./authenticator.ts";

type Pair = Awaited<ReturnType<typeof pair>>;

let server: Server;
let published: Pair[] = [];
let answer: "keys" | "fault" | "nonsense" = "keys";
let fetches = 0;

async function pair(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  return { kid, privateKey, publicKey: { ...(await exportJWK(publicKey)), kid } };
}
const mint = ({ kid, privateKey }: Pair) =>
  new SignJWT({ principal_type: "human", tenant: "acme", jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: "EdDSA", kid })
    .setIssuer("https://id.acme.test")
    .setAudience("countersign")
    .setSubject("alice")
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(privateKey);
const authenticator = (refetchKeysAfterMs: number) =>
  createAuthenticator({
    issuers: [
      {
        issuer: "https://id.acme.test",
        audience: "countersign",
        jwks: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks` },
        tenants: ["acme"],
      },
    ],
    refetchKeysAfterMs,
  });

beforeEach(async () => {
  [published, answer, fetches] = [[await pair("first")], "keys", 0];
  server = createServer((_request, response) => {
    fetches += 1;
    response.statusCode = answer === "fault" ? 500 : 200;
    response.end(answer === "nonsense" ? "<html>" : JSON.stringify({ keys: published.map(({ publicKey }) => publicKey) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));

describe("keys from a URL", () => {
  it("are fetched once for many tokens", async () => {
    const { authenticate } = authenticator(30_000);
    for (let call = 0; call < 5; call += 1) await authenticate(await mint(published[0]!));
    expect(fetches).toBe(1);
  });

  it("are fetched again when the issuer rotates them", async () => {
    const { authenticate } = authenticator(0);
    await authenticate(await mint(published[0]!));
    const next = await pair("second");
    published = [next];
    await expect(authenticate(await mint(next))).resolves.toMatchObject({ principal: { id: "alice" } });
    expect(fetches).toBe(2);
  });

  it("are not fetched again and again for forged key ids", async () => {
    const { authenticate } = authenticator(30_000);
    await authenticate(await mint(published[0]!));
    for (let call = 0; call < 5; call += 1) {
      await expect(authenticate(await mint(await pair(`forged-${call}`)))).rejects.toMatchObject({ code: "TOKEN_INVALID" });
    }
    expect(fetches).toBe(1);
  });

  it.each(["fault", "nonsense"] as const)("P7: that cannot be read (%s) let nobody in, until they can", async (fault) => {
    const { authenticate } = authenticator(0);
    answer = fault;
    const token = await mint(published[0]!);
    await expect(authenticate(token)).rejects.toMatchObject({ code: "ISSUER_UNREACHABLE" });
    answer = "keys";
    await expect(authenticate(token)).resolves.toMatchObject({ principal: { id: "alice" } });
  });
});
