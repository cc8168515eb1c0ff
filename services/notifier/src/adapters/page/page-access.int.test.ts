import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hostileTexts } from "../../testing/hostile-reviews.ts";
import { ADA, sampleAction, startPage, type RunningPage } from "../../testing/running-page.ts";
import { fieldsOf, TestBrowser } from "../../testing/test-browser.ts";
import { signedInUrl } from "./sign-in.ts";

let running: RunningPage;
let base: string;
let provider: RunningPage["provider"];
let greedy: RunningPage["greedy"];
let world: RunningPage["world"];
let link: RunningPage["link"];

beforeAll(async () => {
  running = await startPage();
  ({ base, provider, greedy, world, link } = running);
});
afterAll(() => running.close());
beforeEach(() => running.beginAgain());

const signedIn = () => running.signedIn();

/** Where the only link of a page leads to. */
const wayOn = (html: string): string => base + (/<a href="([^"]+)"/.exec(html)?.[1] ?? "").replaceAll("&amp;", "&");

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
    expect(world.votes).toEqual([]);
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
    expect(world.votes).toEqual([]);
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
    const { browser, page } = await signedIn();
    expect([page.status, page.text.includes("db")]).toEqual([403, false]);
    // Whoever has another account must not wait for this one's session to end.
    provider.become({ id: "ada", claims: ADA });
    expect((await browser.open(wayOn(page.text))).status).toBe(200);
  });

  it("not whoever was sent somebody else's link, an altered one or an old one", async () => {
    const { browser } = await signedIn();
    expect((await browser.open(link({ personId: "p-bob" }))).status).toBe(403);
    expect((await browser.open(link({ personId: "p-ada" }))).status).toBe(200);
    expect((await browser.open(link({ actionId: "none" }))).status).toBe(404);
    const good = link();
    expect((await browser.open(`${good.slice(0, -2)}AA`)).status).toBe(404);
    expect((await browser.open(`${base}/review`)).status).toBe(404);
    world.elapsed = 31 * 86_400_000;
    expect((await browser.open(good)).status).toBe(404);
  });

  it("not after the session's token has expired, nor after signing out", async () => {
    const { browser, page, fields } = await signedIn();
    world.elapsed = 3_700_000;
    const late = await browser.post(`${base}/review`, { ...fields, decision: "approve" });
    expect([late.status, wayOn(late.text)]).toEqual([401, page.url]);
    world.elapsed = 0;
    const out = await browser.post(`${base}/sign-out`, fieldsOf(page.text, "/sign-out"));
    expect([out.status, wayOn(out.text)]).toEqual([200, page.url.replace("/review?", "/sign-in?strong=1&")]);
    expect((await browser.post(`${base}/review`, { ...fields, decision: "approve" })).status).toBe(401);
    expect(world.votes).toEqual([]);
  });

  it("whoever cannot be signed out is told so", async () => {
    const { browser, page } = await signedIn();
    const out = await running.withoutSessions(() => browser.post(`${base}/sign-out`, fieldsOf(page.text, "/sign-out")));
    expect([out.status, out.text.includes("<h1>Not signed out</h1>")]).toEqual([503, true]);
    expect((await browser.post(`${base}/sign-out`, fieldsOf(page.text, "/sign-out"))).status).toBe(200);
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
      world.action = sampleAction(text.replaceAll(/\p{Cs}/gu, "?"));
      const { text: html } = await browser.open(link());
      expect(html).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
      expect([...html.matchAll(/<(?:script|img|a|svg|iframe|style|b|i|h2)[ >]/gi)].map(([tag]) => tag)).toEqual([
        "<style>",
        "<h2>",
        "<h2>",
        "<h2 ",
      ]);
    }
  });
});
