import { create } from "@bufbuild/protobuf";
import { ActionSchema, ActionStatus, VerdictSchema } from "@countersign/proto/v1/action_pb";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CHROMIUM, startRealBrowser } from "../../testing/real-browser.ts";
import { sampleAction, startPage, type RunningPage } from "../../testing/running-page.ts";

describe.skipIf(CHROMIUM === undefined)("the page in a browser, with the keyboard alone", () => {
  let running: RunningPage;
  let browser: Awaited<ReturnType<typeof startRealBrowser>>;

  beforeAll(async () => {
    [running, browser] = await Promise.all([startPage(), startRealBrowser(CHROMIUM ?? "")]);
  });
  afterAll(async () => {
    await browser.close();
    await running.close();
  });
  beforeEach(async () => {
    await running.beginAgain();
    running.world.action = { ...sampleAction("x"), verdict: create(VerdictSchema, { terms: { editable: '{"limit":{}}' } }) };
  });

  const OUTLINE = "(({ outlineStyle, outlineWidth }) => `${outlineStyle} ${outlineWidth}`)(getComputedStyle(document.activeElement))";

  /** What Tab leads to, each of it seen to have the focus. */
  async function tabs(count: number): Promise<readonly string[]> {
    const found: string[] = [];
    for (let step = 0; step < count; step += 1) {
      await browser.press("Tab");
      found.push(await browser.focused());
      expect(await browser.ask(OUTLINE)).toBe("solid 3px");
    }
    return found;
  }

  async function jump(to: string): Promise<void> {
    await browser.press("Enter");
    await expect.poll(() => browser.ask("location.hash")).toBe(to);
  }

  it("reaches all in the order of the page, by name, and decides with Space", async () => {
    await browser.open(running.link());
    expect(await tabs(4)).toEqual([
      "textbox: Reason (a rejection needs one)",
      "button: Approve",
      "button: Reject",
      expect.stringMatching(/: Edit the parameters$/),
    ]);
    await browser.press("Enter");
    expect(await tabs(4)).toEqual(["textbox: Parameters", "textbox: Reason", "button: Ask for this instead", "button: Sign out"]);
    await browser.open(running.link());
    await tabs(1);
    await browser.type("fine");
    await tabs(1);
    await browser.follow(" ");
    expect(running.world.votes.map(({ vote }) => vote.decision)).toMatchObject([{ case: "approve", value: { reason: "fine" } }]);
  });

  it("what was refused has the focus, and leads to what was typed", async () => {
    running.world.refusal = "REASON_REQUIRED";
    await browser.open(running.link());
    await tabs(3);
    await browser.follow("Enter");
    expect(running.world.votes.map(({ vote }) => vote.decision.case)).toEqual(["reject"]);
    await expect.poll(() => browser.focused()).toBe("alert: ");
    expect(await browser.ask(OUTLINE)).toBe("solid 3px");
    expect(await browser.ask("document.activeElement.innerText")).toBe("This answer changed nothing: it needs a reason. To what you typed");
    expect(await tabs(1)).toEqual(["link: To what you typed"]);
    await jump("#decision");
    expect(await tabs(1)).toEqual(["textbox: Reason (a rejection needs one)"]);
  });

  it("taking back takes a reason and the box, and Sign out signs out", async () => {
    Object.assign(running.world, { ineligible: "NOT_IN_REVIEW", mayReject: true, mayEdit: false });
    running.world.action = create(ActionSchema, { ...sampleAction("x"), status: ActionStatus.APPROVED, version: 6n });
    await browser.open(running.link());
    expect(await tabs(1)).toEqual(["link: take that back"]);
    await jump("#take-back");
    expect(await tabs(1)).toEqual(["textbox: Reason"]);
    await browser.type("the wrong customer");
    const box = "checkbox: I take it back: this will not run, nobody can undo that, and whoever still wants it has to ask anew.";
    expect(await tabs(2)).toEqual([box, "button: Take it back"]);
    await browser.press("Enter");
    await expect.poll(() => browser.focused()).toBe(box);
    expect(running.world.votes).toEqual([]);
    await browser.press(" ");
    await tabs(1);
    await browser.follow("Enter");
    expect(running.world.votes.map(({ vote }) => vote.decision.case)).toEqual(["reject"]);
    expect((await tabs(5)).at(-1)).toBe("button: Sign out");
    await browser.follow("Enter");
    expect(await browser.ask("document.title")).toBe("Signed out");
    expect(await tabs(1)).toEqual(["link: Sign in as somebody else"]);
  });
});
