import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
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
const mint = ({ kid, privateKey }: Pair, at = new Date()) =>
  new SignJWT({ principal_type: "human", tenant: "acme", jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: "EdDSA", kid })
    .setIssuer("https://id.acme.test")
    .setAudience("countersign")
    .setSubject("alice")
    .setIssuedAt(at)
    .setExpirationTime(new Date(at.getTime() + 300_000))
    .sign(privateKey);
const authenticator = (refetchKeysAfterMs: number, clock = () => new Date()) =>
  createAuthenticator({
    clock,
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

  it("P7: that were withdrawn while nobody called let nobody in, and those of an issuer that is down still do", async () => {
    const [withdrawn] = published;
    if (withdrawn === undefined) throw new Error("one is published");
    let now = new Date();
    const { authenticate } = authenticator(0, () => now);
    await authenticate(await mint(withdrawn));
    now = new Date(now.getTime() + 30 * 60_000);
    answer = "fault";
    await expect(authenticate(await mint(withdrawn, now))).resolves.toMatchObject({ principal: { id: "alice" } });
    [published, answer] = [[await pair("second")], "keys"];
    await vi.waitFor(async () => expect(authenticate(await mint(withdrawn, now))).rejects.toMatchObject({ code: "TOKEN_INVALID" }), 20_000);
    now = new Date(now.getTime() + 30 * 60_000);
    const [second] = published;
    if (second === undefined) throw new Error("one is published");
    published = [await pair("third")];
    await expect(authenticate(await mint(second, now))).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  it("P7: that were read by a clock which was set back since count for no longer than others", async () => {
    const [withdrawn] = published;
    if (withdrawn === undefined) throw new Error("one is published");
    let now = new Date();
    const { authenticate } = authenticator(30_000, () => now);
    const token = await mint(withdrawn, now);
    await authenticate(token);
    now = new Date(now.getTime() - 20_000);
    const next = await pair("second");
    published = [next];
    await expect(authenticate(await mint(next, now))).resolves.toMatchObject({ principal: { id: "alice" } });
    await expect(authenticate(token)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
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
