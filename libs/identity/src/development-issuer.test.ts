import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignInStrength } from "@countersign/proto/v1/principal_pb";
import { afterAll, describe, expect, it } from "vitest";
import { createAuthenticator } from "./authenticator.ts";
import { createDevelopmentIssuer, type DevelopmentPrincipal } from "./development-issuer.ts";

const dir = mkdtempSync(join(tmpdir(), "countersign-development-"));
afterAll(() => rmSync(dir, { recursive: true }));

const alice = { id: "alice", type: "human", tenant: "demo", groups: ["sre"], roles: ["reviewer"] } as const;

describe("development issuer", () => {
  it("mints tokens that an authenticator takes", async () => {
    const { issuer, mint } = await createDevelopmentIssuer();
    const { principal } = await createAuthenticator({ issuers: [issuer] }).authenticate(await mint({ ...alice, act: { sub: "planner" } }));
    expect(principal).toMatchObject({ id: "planner", tenant: "demo", chain: [{ id: "alice" }], groups: ["sre"] });
  });

  it("keeps one key per directory, also when two processes start at once", async () => {
    const [first, second] = await Promise.all([createDevelopmentIssuer({ dir }), createDevelopmentIssuer({ dir })]);
    const { authenticate } = createAuthenticator({ issuers: [first.issuer] });
    await expect(authenticate(await second.mint(alice))).resolves.toBeDefined();
    await expect(authenticate(await (await createDevelopmentIssuer({ dir })).mint(alice))).resolves.toBeDefined();
    expect(statSync(join(dir, "development-issuer.jwk")).mode & 0o777).toBe(0o600);
  });

  it("says how strongly a human signed in", async () => {
    const { issuer, mint } = await createDevelopmentIssuer();
    const { authenticate } = createAuthenticator({ issuers: [issuer] });
    const signIn = async (changes: Partial<DevelopmentPrincipal>) =>
      (await authenticate(await mint({ ...alice, ...changes }))).principal.signIn;
    expect(await signIn({})).toBe(SignInStrength.SESSION);
    expect(await signIn({ mfa: true })).toBe(SignInStrength.MFA);
    expect(await signIn({ mfa: true, type: "agent" })).toBe(SignInStrength.UNSPECIFIED);
  });

  it("P7: is another one with another key", async () => {
    const { authenticate } = createAuthenticator({ issuers: [(await createDevelopmentIssuer()).issuer] });
    const stranger = await createDevelopmentIssuer();
    await expect(authenticate(await stranger.mint(alice))).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });
});
