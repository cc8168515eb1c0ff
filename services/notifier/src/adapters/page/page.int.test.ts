import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CommandError, inProcessCommands, type CommandBus } from "@countersign/bus";
import { migrate, openDatabase, type Database } from "@countersign/database";
import type { DirectoryClient } from "@countersign/directory-client";
import { samplePerson } from "@countersign/directory-client/testing";
import { ActionSchema, ActionStatus, type Action } from "@countersign/proto/v1/action_pb";
import { PrincipalType, SignInStrength, type Principal } from "@countersign/proto/v1/principal_pb";
import {
  GetReviewResponseSchema,
  SubmitVoteRequestSchema,
  SubmitVoteResponseSchema,
  type SubmitVoteRequest,
} from "@countersign/proto/v1/review_service_pb";
import { readIssuers, whoSignedIn, type WhoSignedIn } from "@countersign/identity";
import { GetReviewFromPageRequestSchema, SubmitVoteFromPageRequestSchema } from "@countersign/proto/internal/v1/channel_pb";
import { sha256Hex, shownDigest, toReviewSource } from "@countersign/review-view";
import { silentLogger as logger } from "@countersign/telemetry";
import { freePort, testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseChannels } from "../../config.ts";
import { pageApp } from "../../page.ts";
import { hostileTexts } from "../../testing/hostile-reviews.ts";
import { LOGIN_CLIENT, startGreedyIssuer, startLoginProvider } from "../../testing/login-provider.ts";
import { fieldsOf, TestBrowser } from "../../testing/test-browser.ts";
import { listen } from "../http/listener.ts";
import { notifierMigrations } from "../postgres/migrations.ts";
import { reviewLinks, type ReviewLinks } from "./review-links.ts";
import { signedInUrl } from "./sign-in.ts";

const ID = "0198c5f0-0000-7000-8000-000000000001";
const SECRET = "a secret of thirty-two characters!";
const ADA = { tenant: "acme", principal_type: "human", groups: ["dpo"], roles: ["reviewer"] };

let postgres: TestPostgres;
let database: Database;
let base: string;
let provider: Awaited<ReturnType<typeof startLoginProvider>>;
let greedy: Awaited<ReturnType<typeof startGreedyIssuer>>;
let listener: Awaited<ReturnType<typeof listen>>;
let commands: CommandBus;
let links: ReviewLinks;
let elapsed: number;
let action: Action;
let verified: WhoSignedIn;
let votes: { readonly notifier: Principal | undefined; readonly caller: Principal; readonly vote: SubmitVoteRequest }[];
let refusal: CommandError["reason"] | undefined;
let ineligible: string;
let personId: string;

beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [notifierMigrations]));
  database = openDatabase({ url: postgres.url, role: null });
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  provider = await startLoginProvider((issuer) => signedInUrl(base, issuer).href);
  greedy = await startGreedyIssuer();
  commands = inProcessCommands({ logger });
  await commands.serve("approval", {
    GetReviewFromPage: async ({ request, caller }) => {
      const { idToken, review } = fromBinary(GetReviewFromPageRequestSchema, request);
      await verified(caller?.tenant ?? "", idToken);
      if (review?.actionId !== ID) throw new CommandError("NOT_FOUND", "NOT_FOUND", "no");
      const unknownCausers = ineligible === "CAUSER_UNKNOWN" ? [{ issuer: "https://agents.example", id: "<ann\u202e>" }] : [];
      const reply = { action, eligible: ineligible === "", ineligibleReason: ineligible, unknownCausers };
      return toBinary(GetReviewResponseSchema, create(GetReviewResponseSchema, reply));
    },
    SubmitVoteFromPage: async ({ caller: notifier, request }) => {
      const { idToken, vote } = fromBinary(SubmitVoteFromPageRequestSchema, request);
      votes.push({ notifier, caller: await verified(notifier?.tenant ?? "", idToken), vote: create(SubmitVoteRequestSchema, vote) });
      if (refusal !== undefined) throw new CommandError("FAILED_PRECONDITION", refusal, "no");
      action = create(ActionSchema, { ...action, status: ActionStatus.APPROVED, version: 5n });
      return toBinary(
        SubmitVoteResponseSchema,
        create(SubmitVoteResponseSchema, { action: { id: ID, status: action.status, version: action.version } }),
      );
    },
  });
  const issuer = {
    issuer: provider.issuer,
    audience: "urn:front-door",
    jwks: { url: provider.keysUrl },
    tenants: ["acme"],
    signIn: { amr: ["mfa"] },
    signInClients: [LOGIN_CLIENT.id],
  };
  const client = { client_id: LOGIN_CLIENT.id, client_secret: LOGIN_CLIENT.secret, tenants: ["acme"], issuer: provider.issuer };
  const others = { ...issuer, issuer: greedy.issuer, tenants: ["other"] };
  const issuers = readIssuers({ COUNTERSIGN_ISSUERS: JSON.stringify([issuer, others]) });
  verified = whoSignedIn(issuers);
  const { page } = parseChannels(
    JSON.stringify({ page: { url: base, secret: SECRET, sign_in: [client, { ...client, issuer: greedy.issuer, tenants: ["other"] }] } }),
    { host: "127.0.0.1", port },
    () => issuers,
  );
  if (page === undefined) throw new Error("there is a page");
  const directory: DirectoryClient = {
    resolvePerson: async () => ({ managed: true, person: samplePerson({ id: personId }) }),
    listReviewers: async () => ({ managed: false }),
  };
  const clock = () => new Date(Date.now() + elapsed);
  links = reviewLinks(base, SECRET, clock);
  listener = await listen({ host: "127.0.0.1", port }, pageApp(page, { commands, database, directory, links, clock, logger }), logger);
});
afterAll(async () => {
  await listener.close();
  await provider.close();
  await greedy.close();
  await database.close();
  await postgres.drop();
});
beforeEach(() => {
  elapsed = 0;
  votes = [];
  refusal = undefined;
  ineligible = "";
  personId = "p-ada";
  provider.become({ id: "ada", claims: ADA });
  action = sample("trust me");
});
afterEach(() => database.pool.query("truncate notifier.page_session"));

function sample(text: string): Action {
  return create(ActionSchema, {
    id: ID,
    tenant: "acme",
    status: ActionStatus.IN_REVIEW,
    version: 3n,
    digest: new Uint8Array(32).fill(0xab),
    input: {
      action: { name: "db.export", properties: { limit: 10, command: text } },
      resource: { type: "db", id: text },
      context: { justification: text },
    },
    review: { stages: [{ name: "data", quorumText: "1 of dpo" }] },
  });
}

const link = (change = {}) => links.urlOf({ tenant: "acme", actionId: ID, personId: "", ...change });
async function signedIn() {
  const browser = new TestBrowser();
  const page = await browser.open(link());
  return { browser, page, fields: fieldsOf(page.text, "/review") };
}

describe("the page of a review", () => {
  it("a link opens the review after a sign-in, and a vote is that person's, on what the page showed", async () => {
    const { browser, page, fields } = await signedIn();
    expect(page.status).toBe(200);
    expect(page.url.startsWith(`${base}/review?link=`)).toBe(true);
    const after = await browser.post(`${base}/review`, { ...fields, decision: "approve", reason: "fine" });
    expect([after.status, after.text.includes("Review: approved")]).toEqual([200, true]);
    expect(votes).toHaveLength(1);
    // P3: the notifier speaks as itself, and hands on what the person signed in with.
    expect(votes[0]?.notifier).toMatchObject({ tenant: "acme", type: PrincipalType.SERVICE, id: "notifier", roles: [] });
    expect(votes[0]?.caller).toMatchObject({
      tenant: "acme",
      id: "ada",
      issuer: provider.issuer,
      groups: ["dpo"],
      signIn: SignInStrength.SESSION,
    });
    expect(votes[0]?.vote).toMatchObject({ actionId: ID, version: 3n, decision: { case: "approve", value: { reason: "fine" } } });
    expect(Buffer.from(votes[0]?.vote.shownDigest ?? []).toString("hex")).toBe(shownDigest(toReviewSource(sample("trust me")), sha256Hex));
  });

  it("a second factor is recorded as one, and stepping up asks the issuer anew", async () => {
    ineligible = "SIGN_IN_TOO_WEAK";
    const { browser, page } = await signedIn();
    expect(page.text).toContain("policy asks for a stronger sign-in than yours");
    expect(page.text).not.toContain('value="approve"');
    const before = provider.signIns();
    ineligible = "";
    provider.become({ id: "ada", claims: ADA, amr: ["pwd", "mfa"] });
    const stronger = /href="(\/sign-in\?strong=1[^"]+)"/.exec(page.text)?.[1] ?? "";
    const again = await browser.open(`${base}${stronger.replaceAll("&amp;", "&")}`);
    expect(provider.signIns()).toBe(before + 1);
    await browser.post(`${base}/review`, { ...fieldsOf(again.text, "/review"), decision: "reject", reason: "no" });
    expect(votes[0]?.caller?.signIn).toBe(SignInStrength.MFA);
    expect(votes[0]?.vote.decision.case).toBe("reject");
  });

  it("P3: what nobody can approve says whose account nobody knows, and can be rejected", async () => {
    ineligible = "CAUSER_UNKNOWN";
    const { browser, page, fields } = await signedIn();
    // Who it was is what an agent's token said: harmless on one line, and no link.
    expect(page.text.replaceAll(/<\/?span>/g, "")).toContain(
      String.raw`nobody&#39;s approval counts. You can still reject it: https://agents.example#&lt;ann\u{202e}&gt;.`,
    );
    expect(page.text).not.toMatch(/\u202e|https:\/\/agents/);
    expect(page.text).not.toMatch(/value="(approve|edit)"/);
    await browser.post(`${base}/review`, { ...fields, decision: "reject", reason: "no" });
    expect(votes[0]?.vote.decision.case).toBe("reject");
  });

  it("edits are JSON, and go in as the person asked for them", async () => {
    const { browser, fields } = await signedIn();
    const bad = await browser.post(`${base}/review`, { ...fields, decision: "edit", reason: "", properties: "{" });
    expect(bad.text).toContain("Nothing was decided: this is not a JSON object");
    await browser.post(`${base}/review`, { ...fields, decision: "edit", reason: "less", properties: '{"limit":1}' });
    expect(votes[0]?.vote.decision).toMatchObject({ case: "edit", value: { reason: "less", properties: { limit: 1 } } });
  });

  it("what was refused is said, with the review as it is now", async () => {
    const { browser, fields } = await signedIn();
    refusal = "STALE_DIGEST";
    const after = await browser.post(`${base}/review`, { ...fields, decision: "approve" });
    expect([after.status, after.text.includes("Nothing was decided: the page showed older parameters")]).toEqual([409, true]);
  });
});

describe("P1: nothing is decided by whoever only has the link", () => {
  it("a scanner that follows everything with GET, HEAD and POST decides nothing and sees nothing", async () => {
    const { page } = await signedIn();
    const text = new URL(link()).searchParams.get("link") ?? "";
    const everything = [
      link(),
      `${base}/sign-in?link=${text}`,
      `${base}/sign-in?strong=1&link=${text}`,
      `${signedInUrl(base, provider.issuer).href}?code=x&state=y`,
      `${base}/sign-out`,
    ];
    const all = fieldsOf(page.text, "/review");
    for (const url of everything) {
      for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE"]) {
        const body = method === "POST" || method === "PUT" ? new URLSearchParams({ ...all, link: text, decision: "approve" }) : null;
        const response = await fetch(url, { method, body, redirect: "manual" });
        expect(await response.text()).not.toContain("db.export");
        expect(response.status === 303 || response.status >= 400).toBe(true);
      }
    }
    expect(votes).toEqual([]);
  });

  it("nor by a form from another page, of another session, without a token, or of another review", async () => {
    const { browser, fields } = await signedIn();
    const other = await signedIn();
    const send = (change: Record<string, string>, headers: Record<string, string> = {}) =>
      browser.post(`${base}/review`, { ...fields, decision: "approve", ...change }, headers).then(({ status }) => status);
    expect(await send({}, { origin: "https://evil.example" })).toBe(403);
    expect(await send({}, { origin: "null" })).toBe(403);
    expect(await send({}, { "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await send({ token: "" })).toBe(403);
    expect(await send({ token: other.fields["token"] ?? "" })).toBe(403);
    const elsewhere = new URL(link({ actionId: "another" })).searchParams.get("link") ?? "";
    expect(await send({ link: elsewhere })).toBe(403);
    expect(await send({ card: "x.y" })).toBe(400);
    expect(await send({ decision: "nothing" })).toBe(409);
    expect(votes).toEqual([]);
    expect(await send({})).toBe(200);
  });
});

describe("P7, P8: who sees a review", () => {
  it.each([
    ["has no role of a reviewer", { ...ADA, roles: ["requester"] }],
    ["is an agent", { ...ADA, principal_type: "agent" }],
    ["is of another tenant", { ...ADA, tenant: "other" }],
    ["is of no tenant here", { ...ADA, tenant: "elsewhere" }],
  ])("not whoever %s", async (_, claims) => {
    provider.become({ id: "eve", claims });
    const { page } = await signedIn();
    expect([page.status, page.text.includes("db")]).toEqual([403, false]);
  });

  it("not whoever was sent somebody else's link, an altered one or an old one", async () => {
    const { browser } = await signedIn();
    expect((await browser.open(link({ personId: "p-bob" }))).status).toBe(403);
    expect((await browser.open(link({ personId: "p-ada" }))).status).toBe(200);
    expect((await browser.open(link({ actionId: "none" }))).status).toBe(404);
    const good = link();
    expect((await browser.open(`${good.slice(0, -2)}AA`)).status).toBe(404);
    expect((await browser.open(`${base}/review`)).status).toBe(404);
    elapsed = 31 * 86_400_000;
    expect((await browser.open(good)).status).toBe(404);
  });

  it("not after the session's token has expired, nor after signing out", async () => {
    const { browser, page, fields } = await signedIn();
    elapsed = 3_700_000;
    expect((await browser.post(`${base}/review`, { ...fields, decision: "approve" })).status).toBe(401);
    elapsed = 0;
    expect((await browser.post(`${base}/sign-out`, fieldsOf(page.text, "/sign-out"))).status).toBe(200);
    expect((await browser.post(`${base}/review`, { ...fields, decision: "approve" })).status).toBe(401);
    expect(votes).toEqual([]);
  });

  it("a sign-in that this browser did not begin ends nowhere", async () => {
    const answer = `${signedInUrl(base, provider.issuer).href}?code=abc&state=def`;
    expect((await new TestBrowser().open(answer)).status).toBe(400);
  });

  it("P8: an issuer that sends people on to another tenant's issuer is not handed that one's answer", async () => {
    const browser = new TestBrowser();
    const asked = new URL((await browser.open(link({ tenant: "other" }))).url);
    expect(asked.origin).toBe(greedy.issuer);
    // Many issuers do not say in their answers who they are.
    const state = asked.searchParams.get("state") ?? "";
    const answer = await browser.open(`${signedInUrl(base, provider.issuer).href}?code=code-of-acme&state=${state}`);
    expect(answer.status).toBe(400);
    expect(greedy.handed).toEqual([]);
    const own = await browser.open(`${asked.searchParams.get("redirect_uri") ?? ""}?code=code-of-its-own&state=${state}`);
    expect(own.status).toBe(400);
    expect(greedy.handed).toEqual([expect.stringContaining("code-of-its-own")]);
  });
});

describe("what the browser may do with it", () => {
  it("loads nothing, runs nothing, is framed by nobody, and keeps its cookie from scripts", async () => {
    const { browser, page } = await signedIn();
    const policy = page.headers.get("content-security-policy");
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/);
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(page.text).not.toMatch(/<script|src=|url\(|http-equiv/);
    const ours = browser.cookiesSeen.filter((cookie) => cookie.startsWith("countersign"));
    expect(ours).toHaveLength(3);
    for (const cookie of ours) expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
  });

  it("shows hostile texts and obeys none", async () => {
    const { browser } = await signedIn();
    for (const { text } of hostileTexts) {
      action = sample(text.replaceAll(/\p{Cs}/gu, "?"));
      const { text: html } = await browser.open(link());
      expect(html).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
      expect([...html.matchAll(/<(?:script|img|a|svg|iframe|style|b|i|h2)[ >]/gi)].map(([tag]) => tag)).toEqual(["<style>"]);
    }
  });
});
