import { create } from "@bufbuild/protobuf";
import { ActionSchema, ActionStatus, AfterReviewSchema, AfterReviewState } from "@countersign/proto/v1/action_pb";
import { SignInStrength } from "@countersign/proto/v1/principal_pb";
import { sha256Hex, shownDigest, toReviewSource } from "@countersign/review-view";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ADA, sampleAction, startPage, type RunningPage } from "../../testing/running-page.ts";
import { buttons, fieldsOf, seen } from "../../testing/test-browser.ts";

let running: RunningPage;
let base: string;
let provider: RunningPage["provider"];
let world: RunningPage["world"];

beforeAll(async () => {
  running = await startPage();
  ({ base, provider, world } = running);
});
afterAll(() => running.close());
beforeEach(async () => {
  await running.beginAgain();
  Object.assign(world, { ineligible: "NOT_IN_REVIEW", mayReject: true, mayEdit: false });
  world.action = create(ActionSchema, { ...sampleAction("trust me"), status: ActionStatus.APPROVED, version: 6n });
});

const signedIn = () => running.signedIn();

const takeBack = { decision: "take-back", sure: "yes", reason: "the wrong customer" };

describe("taking back what was approved", () => {
  it("is offered to whoever may, with a reason and a box to tick, and rejects what the page showed", async () => {
    const { browser, page, fields } = await signedIn();
    expect(buttons(page.text)).toEqual(["take-back"]);
    expect(page.text).toContain('Until it does, you can <a href="#take-back">take that back</a>.');
    expect(page.text).toMatch(/<textarea name="reason"[^>]* required>/);
    expect(page.text).toMatch(/<input type="checkbox" name="sure" value="yes" required> I take it back: this will not run/);
    expect(page.text).not.toMatch(/countersign reject|You cannot/);
    await browser.post(`${base}/review`, { ...fields, ...takeBack });
    expect(world.votes).toHaveLength(1);
    const { vote } = world.votes[0]!;
    expect(vote).toMatchObject({ version: 6n, decision: { case: "reject", value: { reason: "the wrong customer" } } });
    expect(Buffer.from(vote.shownDigest).toString("hex")).toBe(shownDigest(toReviewSource(world.action), sha256Hex));
  });

  it("is refused without the ticked box, whoever made the form, and keeps the reason", async () => {
    const { browser, fields } = await signedIn();
    const after = await browser.post(`${base}/review`, { ...fields, decision: "take-back", reason: "the <wrong> customer" });
    expect(after.text).toContain("This answer changed nothing: tick the box that says what taking it back means.");
    expect(after.text).toContain(">the &lt;wrong&gt; customer</textarea>");
    expect(after.text).toContain('<a href="#take-back">To what you typed</a>');
    expect(world.votes).toEqual([]);
  });

  it("does not start with the reason of an approval that came too late", async () => {
    world.refusal = "WRONG_STATE";
    const { browser, fields } = await signedIn();
    const after = await browser.post(`${base}/review`, { ...fields, decision: "approve", reason: "looks fine" });
    expect(after.text).toContain("This answer changed nothing: it is approved already.");
    expect(after.text).not.toContain("looks fine");
    expect(buttons(after.text)).toEqual(["take-back"]);
  });

  it("is not what Reject means on a page that was opened before the approval: that asks for the box first, and keeps the reason", async () => {
    const { browser, fields } = await signedIn();
    const after = await browser.post(`${base}/review`, { ...fields, decision: "reject", reason: "the <wrong> customer" });
    expect([after.status, world.votes]).toEqual([409, []]);
    expect(after.text).toContain("This answer changed nothing: it is approved already. Whoever wants to take that back says so below.");
    expect(after.text).toContain('<a href="#take-back">To what you typed</a>');
    expect(after.text).toContain(">the &lt;wrong&gt; customer</textarea>");
    expect(buttons(after.text)).toEqual(["take-back"]);
    Object.assign(world, { ineligible: "NOT_ELIGIBLE", mayReject: false });
    const other = await browser.post(`${base}/review`, { ...fields, decision: "reject", reason: "no" });
    expect(other.text).toContain("This answer changed nothing: it is approved already.</p>");
    expect(world.votes).toEqual([]);
  });

  it.each([
    ["REDEEMED", "it was used already"],
    ["SUCCEEDED", "it was used already"],
    ["FAILED", "it was used already"],
    ["UNREPORTED", "it was used already"],
    ["GRANT_EXPIRED", "nobody used it in time, and it cannot run any more"],
    ["REVOKED", "it was taken back already"],
  ] as const)("says so when it is too late: %s", async (status, why) => {
    const { browser, fields } = await signedIn();
    Object.assign(world, { refusal: "WRONG_STATE", mayReject: false });
    world.action = create(ActionSchema, { ...world.action, status: ActionStatus[status] });
    const after = await browser.post(`${base}/review`, { ...fields, ...takeBack });
    expect([after.status, after.text.includes(`This answer changed nothing: ${why}.`)]).toEqual([409, true]);
    expect(buttons(after.text)).toEqual([]);
  });

  it.each(["NOT_ELIGIBLE", "SELF_APPROVAL", "NOT_HUMAN"])("is not offered to whoever may not: %s", async (ineligible) => {
    Object.assign(world, { ineligible, mayReject: false });
    const { page } = await signedIn();
    expect(buttons(page.text)).toEqual([]);
    expect(page.text).toContain("It may run once. Until it does, a reviewer of the last stage can take that back.");
    expect(page.text).not.toMatch(/You cannot|countersign reject/);
  });

  it("asks for a second factor where policy does, and then takes it back with that", async () => {
    Object.assign(world, { ineligible: "SIGN_IN_TOO_WEAK", mayReject: false });
    const { browser, page } = await signedIn();
    expect(seen(page.text)).toContain("You cannot take it back now: policy asks for a stronger sign-in than yours.");
    const stronger = /href="(\/sign-in\?strong=1[^"]+)"/.exec(page.text)?.[1] ?? "";
    Object.assign(world, { ineligible: "NOT_IN_REVIEW", mayReject: true });
    provider.become({ id: "ada", claims: ADA, amr: ["pwd", "mfa"] });
    const again = await browser.open(`${base}${stronger.replaceAll("&amp;", "&")}`);
    await browser.post(`${base}/review`, { ...fieldsOf(again.text, "/review"), ...takeBack });
    expect(world.votes[0]?.caller.signIn).toBe(SignInStrength.MFA);
  });

  it("P7: says so when nobody can tell who may", async () => {
    Object.assign(world, { ineligible: "DIRECTORY_UNREACHABLE", mayReject: false });
    const { page } = await signedIn();
    expect(seen(page.text)).toContain("You cannot take it back now: nobody can say now who you are; try again in a moment.");
    expect(buttons(page.text)).toEqual([]);
  });

  it("is offered beside the after-review of what one person approved alone", async () => {
    const afterReview = create(AfterReviewSchema, { state: AfterReviewState.OPEN, usedBy: { issuer: "https://id.example", id: "eve" } });
    world.action = create(ActionSchema, { ...world.action, afterReview });
    const { page } = await signedIn();
    expect(seen(page.text)).toContain("countersign close-after-review");
    expect(buttons(page.text)).toEqual(["take-back"]);
  });
});
