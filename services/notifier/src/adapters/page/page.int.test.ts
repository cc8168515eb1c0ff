import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { ActionStatus, ReviewSchema, StageSchema, VerdictSchema } from "@countersign/proto/v1/action_pb";
import { PrincipalRefSchema, PrincipalType, SignInStrength } from "@countersign/proto/v1/principal_pb";
import { moment, sha256Hex, shownDigest, toReviewSource } from "@countersign/review-view";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ADA, sampleAction, startPage, type RunningPage } from "../../testing/running-page.ts";
import { buttons, fieldsOf, seen } from "../../testing/test-browser.ts";

const stages = [create(StageSchema, { quorumText: "1 of dpo" })];

let running: RunningPage;
let base: string;
let provider: RunningPage["provider"];
let world: RunningPage["world"];
let link: RunningPage["link"];

beforeAll(async () => {
  running = await startPage();
  ({ base, provider, world, link } = running);
});
afterAll(() => running.close());
beforeEach(() => running.beginAgain());

const signedIn = () => running.signedIn();

const titleOf = (html: string): string => /<title>([^<]*)<\/title>/.exec(html)?.[1] ?? "";

describe("the page of a review", () => {
  it("a link opens the review after a sign-in, and a vote is that person's, on what the page showed", async () => {
    const { browser, page, fields } = await signedIn();
    expect(page.status).toBe(200);
    expect(page.url.startsWith(`${base}/review?link=`)).toBe(true);
    const after = await browser.post(`${base}/review`, { ...fields, decision: "approve", reason: "fine" });
    expect([after.status, after.text.includes("Review: approved")]).toEqual([200, true]);
    expect(world.votes).toHaveLength(1);
    // P3: the notifier speaks as itself, and hands on what the person signed in with.
    expect(world.votes[0]?.notifier).toMatchObject({ tenant: "acme", type: PrincipalType.SERVICE, id: "notifier", roles: [] });
    expect(world.votes[0]?.caller).toMatchObject({
      tenant: "acme",
      id: "ada",
      issuer: provider.issuer,
      groups: ["dpo"],
      signIn: SignInStrength.SESSION,
    });
    expect(world.votes[0]?.vote).toMatchObject({
      actionId: world.action.id,
      version: 3n,
      decision: { case: "approve", value: { reason: "fine" } },
    });
    expect(Buffer.from(world.votes[0]?.vote.shownDigest ?? []).toString("hex")).toBe(
      shownDigest(toReviewSource(sampleAction("trust me")), sha256Hex),
    );
  });

  it("a second factor is recorded as one, and stepping up asks the issuer anew", async () => {
    Object.assign(world, { ineligible: "SIGN_IN_TOO_WEAK", mayReject: false, mayEdit: false });
    const { browser, page } = await signedIn();
    expect(page.text).toContain("policy asks for a stronger sign-in than yours");
    expect(page.text).not.toMatch(/value="(approve|reject|edit)"/);
    const before = provider.signIns();
    Object.assign(world, { ineligible: "", mayReject: true, mayEdit: true });
    provider.become({ id: "ada", claims: ADA, amr: ["pwd", "mfa"] });
    const stronger = /href="(\/sign-in\?strong=1[^"]+)"/.exec(page.text)?.[1] ?? "";
    const again = await browser.open(`${base}${stronger.replaceAll("&amp;", "&")}`);
    expect(provider.signIns()).toBe(before + 1);
    await browser.post(`${base}/review`, { ...fieldsOf(again.text, "/review"), decision: "reject", reason: "no" });
    expect(world.votes[0]?.caller?.signIn).toBe(SignInStrength.MFA);
    expect(world.votes[0]?.vote.decision.case).toBe("reject");
  });

  it("P3: what nobody can approve says whose account nobody knows, and can be rejected", async () => {
    world.ineligible = "CAUSER_UNKNOWN";
    const { browser, page, fields } = await signedIn();
    // Who it was is what an agent's token said: harmless on one line, and no link.
    expect(page.text.replaceAll(/<\/?span>/g, "")).toContain(
      String.raw`nobody&#39;s approval counts: https://agents.example#&lt;ann\u{202e}&gt;. You can still reject it.`,
    );
    expect(page.text).not.toMatch(/\u202e|https:\/\/agents/);
    expect(page.text).not.toMatch(/value="(approve|edit)"/);
    await browser.post(`${base}/review`, { ...fields, decision: "reject", reason: "no" });
    expect(world.votes[0]?.vote.decision.case).toBe("reject");
  });

  it("edits are offered where policy lets reviewers make them, with what it lets them change", async () => {
    const { browser, page } = await signedIn();
    expect(page.text).not.toContain("Edit the parameters");
    world.action = { ...sampleAction("x"), verdict: create(VerdictSchema, { terms: { editable: '{"limit":{"maximum":10}}' } }) };
    const { text } = await browser.open(link());
    expect(text).toContain("Policy lets you change: <code>{&quot;limit&quot;:{&quot;maximum&quot;:10}}</code>");
    expect(text).toContain('value="edit"');
  });

  it("edits are JSON, and go in as the person asked for them", async () => {
    const { browser, fields } = await signedIn();
    const bad = await browser.post(`${base}/review`, { ...fields, decision: "edit", reason: "", properties: "{" });
    expect(bad.text).toContain("This answer changed nothing: this is not a JSON object");
    await browser.post(`${base}/review`, { ...fields, decision: "edit", reason: "less", properties: '{"limit":1}' });
    expect(world.votes[0]?.vote.decision).toMatchObject({ case: "edit", value: { reason: "less", properties: { limit: 1 } } });
  });

  it("P1: an edit that would be asked for differently than it was typed says which member, and keeps what was typed", async () => {
    world.action = { ...sampleAction("x"), verdict: create(VerdictSchema, { terms: { editable: '{"limit":{}}' } }) };
    const { browser, fields } = await signedIn();
    const properties = '{"limit":9007199254740993}';
    const bad = await browser.post(`${base}/review`, { ...fields, decision: "edit", reason: "less", properties });
    expect(seen(bad.text)).toContain(
      "This answer changed nothing: limit must hold 9007199254740993 as a text (&quot;9007199254740993&quot;)",
    );
    expect(bad.text).toContain(">{&quot;limit&quot;:9007199254740993}</textarea>");
    expect(world.votes).toEqual([]);
  });

  it("what was typed into an answer that is refused is typed once", async () => {
    const verdict = create(VerdictSchema, { terms: { editable: '{"limit":{}}' } });
    world.action = { ...sampleAction("x"), verdict };
    const { browser, fields } = await signedIn();
    const typed = { decision: "edit", reason: "<less>", properties: '{"limit":1,}' };
    const bad = await browser.post(`${base}/review`, { ...fields, ...typed });
    expect(bad.text).toContain("<details open>");
    // The message has the focus, and the form may be far below.
    expect(bad.text).toMatch(/autofocus>This answer changed nothing:[^\n]*<a href="#edit">To what you typed<\/a><\/p>/);
    expect(bad.text).toContain('<textarea id="edit" name="properties"');
    expect(bad.text).toContain(">{&quot;limit&quot;:1,}</textarea>");
    expect(bad.text.match(/&lt;less&gt;/g)).toHaveLength(1);
    // On other parameters than it was typed for it would undo what somebody else did.
    world.action = { ...world.action, digest: new Uint8Array(32).fill(0xcd) };
    const stale = await browser.post(`${base}/review`, { ...fields, ...typed });
    expect([stale.text.includes("&quot;limit&quot;:1,}"), stale.text.includes("&lt;less&gt;")]).toEqual([false, true]);
    world.refusal = "STALE_VERSION";
    const approve = await browser.post(`${base}/review`, { ...fields, decision: "approve", reason: "fine" });
    expect([approve.text.includes(">fine</textarea>"), approve.text.includes("<details open>")]).toEqual([true, false]);
    expect([approve.text.includes('href="#decision">'), approve.text.includes('id="decision"')]).toEqual([true, true]);
  });

  it("whoever has approved is told so, and can still say no", async () => {
    world.ineligible = "ALREADY_VOTED";
    const { browser, page, fields } = await signedIn();
    expect(page.text.replaceAll(/<\/?span>/g, "")).toContain(
      "You cannot approve it: you have approved it already. You can still reject it.",
    );
    expect(page.text).not.toMatch(/value="(approve|edit)"|You cannot decide/);
    await browser.post(`${base}/review`, { ...fields, decision: "reject", reason: "I misread it" });
    expect(world.votes[0]?.vote.decision.case).toBe("reject");
  });

  it("P3: whoever had a part in an edit cannot approve, and is offered what the decider lets it do", async () => {
    world.ineligible = "SELF_APPROVAL";
    world.action = { ...sampleAction("x"), verdict: create(VerdictSchema, { terms: { editable: '{"limit":{}}' } }) };
    const { browser, page, fields } = await signedIn();
    expect(seen(page.text)).toContain(
      "You cannot approve it: you had a part in an edit of it, so somebody else has to approve. You can still reject it.",
    );
    expect(buttons(page.text)).toEqual(["reject", "edit"]);
    await browser.post(`${base}/review`, { ...fields, decision: "reject", reason: "no" });
    expect(world.votes[0]?.vote.decision.case).toBe("reject");
  });

  it("P3: whoever caused it reads why it cannot decide before what it would decide on, and finds nothing to click", async () => {
    Object.assign(world, { ineligible: "SELF_APPROVAL", mayReject: false, mayEdit: false });
    const { page } = await signedIn();
    const why = "You cannot decide here: you had a part in this request, so somebody else has to decide.";
    expect(seen(page.text)).toContain(why);
    expect(seen(page.text).indexOf(why)).toBeLessThan(seen(page.text).indexOf("This will run"));
    expect(buttons(page.text)).toEqual([]);
  });

  it("what somebody else edited meanwhile is said to be edited, by whom, and is shown anew", async () => {
    const { browser, fields } = await signedIn();
    const editor = create(PrincipalRefSchema, { issuer: "https://issuer.example", id: "<bob\u202e>" });
    world.action = { ...sampleAction("smaller"), status: ActionStatus.EDITED, review: create(ReviewSchema, { editor }) };
    world.refusal = "WRONG_STATE";
    const after = await browser.post(`${base}/review`, { ...fields, decision: "reject", reason: "no" });
    expect(seen(after.text)).toContain("This answer changed nothing: it was edited, and waits for its requester.");
    const edited = String.raw`Edited by &lt;bob\u{202e}&gt; (https://issuer.example) ⟨escaped, hidden characters⟩: votes on what it was before lapsed`;
    expect(seen(after.text)).toContain(edited);
    expect(after.text).not.toContain('href="#');
    expect(seen(after.text)).toContain("Nothing is to be decided until its requester has accepted the edited form.");
    expect(after.text).toContain("smaller");
    expect(buttons(after.text)).toEqual([]);
    // Accepted: it is asked about again, and says so to whoever read it before.
    world.action = { ...sampleAction("smaller"), review: create(ReviewSchema, { stages, editor }) };
    const again = await browser.open(link());
    expect([seen(again.text).includes(edited), again.text.includes("has accepted"), buttons(again.text)]).toEqual([
      true,
      false,
      ["approve", "reject"],
    ]);
  });

  it("says at once how long is left, and when it ends", async () => {
    const deadline = new Date(Math.ceil(Date.now() / 1000) * 1000 + 90 * 3_600_000);
    const dueAt = (time: Date) => create(ReviewSchema, { stages, deadline: timestampFromDate(time) });
    world.action = { ...sampleAction("x"), review: dueAt(deadline) };
    const { browser, page } = await signedIn();
    const time = `<time datetime="${deadline.toISOString()}">${moment(deadline)}</time>`;
    expect(page.text).toMatch(/<strong>3 days 1[78] hours<\/strong> left to decide/);
    expect(page.text).toContain(`until ${time}`);
    expect(page.text).toContain(`deadline: ${moment(deadline)}`);
    // Policy may hold a review open beyond its deadline: approval knows, a clock here does not.
    world.action = { ...world.action, review: dueAt(new Date(1000)) };
    const past = '<time datetime="1970-01-01T00:00:01.000Z">1970-01-01 00:00:01Z</time>.';
    const held = (await browser.open(link())).text;
    expect(held).toContain(`Still waits for a decision, which was due at ${past}`);
    expect(buttons(held)).toEqual(["approve", "reject"]);
    Object.assign(world, { ineligible: "NOT_IN_REVIEW", mayReject: false, mayEdit: false });
    const over = (await browser.open(link())).text;
    expect(over).toContain("<h1>The time to decide is over</h1>");
    expect(over).toContain(`Nobody can decide it any more: its time was over at ${past}`);
    expect(over).not.toMatch(/Review needed|This will run|needs:|You cannot decide|<button name/);
  });

  it.each([
    ["EDITED", "Review: edited", "Nothing is to be decided until its requester has accepted the edited form."],
    ["APPROVED", "Review: approved", "It may run once. Until it does, a reviewer of the last stage can take that back."],
    ["REDEEMED", "Review: redeemed", "Nothing is to be decided any more."],
    ["SUCCEEDED", "Review: succeeded", "Nothing is to be decided any more."],
    ["REJECTED", "Review: rejected", "Nothing is to be decided any more."],
    ["EXPIRED", "Review: expired", "Nothing is to be decided any more."],
    ["CANCELLED", "Review: cancelled", "Nothing is to be decided any more."],
    ["GRANT_EXPIRED", "Review: grant expired", "Nothing is to be decided any more."],
  ] as const)("offers nothing and says how it is: %s", async (status, heading, says) => {
    Object.assign(world, { ineligible: "NOT_IN_REVIEW", mayReject: false, mayEdit: false });
    const review = create(ReviewSchema, { stages, deadline: timestampFromDate(new Date(1000)) });
    world.action = { ...sampleAction("x"), status: ActionStatus[status], review };
    const { text } = (await signedIn()).page;
    expect(text).toContain(`<h1>${heading}</h1>`);
    expect(seen(text)).toContain(says);
    expect(text).not.toMatch(/<button name|You cannot decide|left to decide|due at|time was over/);
    expect(text.includes("This will run")).toBe(status === "EDITED" || status === "APPROVED");
  });

  it("has headings, a landmark and names for whoever does not see it, and what was refused is read first", async () => {
    const { browser, page, fields } = await signedIn();
    expect(page.text.match(/<main>|<h1>|<h2[^>]*>[^<]*/g)).toEqual([
      "<main>",
      "<h1>",
      "<h2>This will run, and the digest covers all of it:",
      "<h2>The requester says (not checked, not covered by the digest):",
      '<h2 id="decision">Your decision',
    ]);
    expect(page.text.match(/<textarea/g)?.length).toBe(page.text.match(/<label>[^<]+<br><textarea/g)?.length);
    expect(page.text).not.toContain("autofocus");
    world.refusal = "STALE_VERSION";
    const after = await browser.post(`${base}/review`, { ...fields, decision: "reject", reason: "no" });
    expect(after.text).toMatch(/<p class="said" role="alert" tabindex="-1" autofocus>This answer changed nothing/);
  });

  it("keeps the browser's own colours of text, and lines that are seen in the light and in the dark", async () => {
    const style = /<style>([^<]*)<\/style>/.exec((await signedIn()).page.text)?.[1] ?? "";
    expect([style.includes("color-scheme:light dark"), style.match(/[;{]color:[^;}]*/g)]).toEqual([true, [";color:CanvasText"]]);
    const luminance = (hex: string): number => {
      const linear = [...hex]
        .map((digit) => Number.parseInt(digit + digit, 16) / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0);
    };
    const lines = [...style.matchAll(/#([0-9a-f]{3})(?![0-9a-f])/g)].map(([, hex = ""]) => luminance(hex));
    expect(lines.length).toBeGreaterThan(5);
    const dark = luminance("111");
    for (const line of lines) expect(Math.min(1.05 / (line + 0.05), (line + 0.05) / (dark + 0.05))).toBeGreaterThanOrEqual(3);
  });

  it("names in its title what is asked on which resource, harmless and not too long, and nothing to whoever may not see it", async () => {
    world.action = sampleAction(`</title><b>\u202e${"x".repeat(5000)}`);
    const { browser, page } = await signedIn();
    const title = titleOf(page.text);
    expect(title).toMatch(/^Review needed: db\.export on db &lt;\/title&gt;&lt;b&gt;\\u\{202e\}x+ …$/);
    expect(title.length).toBeLessThan(180);
    expect(titleOf((await browser.open(link({ personId: "p-bob" }))).text)).toBe("Not for you");
  });

  it("what was refused is said, with the review as it is now", async () => {
    const { browser, fields } = await signedIn();
    world.refusal = "STALE_DIGEST";
    const after = await browser.post(`${base}/review`, { ...fields, decision: "approve" });
    expect([after.status, after.text.includes("This answer changed nothing: the page showed older parameters")]).toEqual([409, true]);
  });
});
