import { create } from "@bufbuild/protobuf";
import { ActionSchema, ActionStatus, ReviewSchema, VerdictSchema } from "@countersign/proto/v1/action_pb";
import { PrincipalRefSchema } from "@countersign/proto/v1/principal_pb";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sampleAction, startPage, type RunningPage } from "../../testing/running-page.ts";
import { seen } from "../../testing/test-browser.ts";

let running: RunningPage;
let base: string;
let world: RunningPage["world"];

beforeAll(async () => {
  running = await startPage();
  ({ base, world } = running);
});
afterAll(() => running.close());
beforeEach(async () => {
  await running.beginAgain();
  world.action = { ...sampleAction("x"), verdict: create(VerdictSchema, { terms: { editable: '{"limit":{}}' } }) };
});

const signedIn = () => running.signedIn();

/** A link out of a plain page, to where the review is. */
const wayOn = (html: string): string | undefined => /<a href="(\/review\?link=[^"]+)"/.exec(html)?.[1];
const approve = { decision: "approve", reason: "fine" };

describe("what a person sends twice", () => {
  /** It was edited since, by this person or somebody else, to this limit. */
  const editedBy = (id: string, limit: number): void => {
    const editor = create(PrincipalRefSchema, { issuer: running.provider.issuer, id });
    const input = { ...world.action.input!, action: { ...world.action.input!.action!, properties: { limit, command: "x" } } };
    const digest = new Uint8Array(32).fill(0xcd);
    const review = create(ReviewSchema, { editor });
    world.action = create(ActionSchema, { ...world.action, status: ActionStatus.EDITED, version: 5n, digest, input, review });
  };
  const edit = { decision: "edit", reason: "less", properties: '{"command": "x", "limit": 5}' };

  it("an edit of its own is what it asked for, and not refused", async () => {
    const { browser, fields } = await signedIn();
    editedBy("ada", 5);
    const after = await browser.post(`${base}/review`, { ...fields, ...edit });
    expect([after.status, after.text.includes("changed nothing"), after.text.includes("Edited by ada")]).toEqual([200, false, true]);
    expect(world.votes).toEqual([]);
  });

  it.each([
    ["somebody else's", "bob", 5],
    ["another one of its own", "ada", 6],
  ])("an edit that came after %s is refused", async (_whose, editor, limit) => {
    const { browser, fields } = await signedIn();
    editedBy(editor, limit);
    const after = await browser.post(`${base}/review`, { ...fields, ...edit });
    expect([after.status, after.text.includes("This answer changed nothing: the page showed older parameters")]).toEqual([409, true]);
  });
});

describe("P7: whoever gets no answer is told what is known", () => {
  it("of a decision: that it may be recorded, with what is recorded so far", async () => {
    const { browser, fields } = await signedIn();
    world.silentOn = "votes";
    const after = await browser.post(`${base}/review`, { ...fields, ...approve });
    expect(after.status).toBe(409);
    expect(after.text).toContain("No answer came: it may be recorded or not. This page shows what is recorded so far");
  });

  it("of a decision, when the review cannot be read either: that it may be recorded, and where to look", async () => {
    const { browser, fields } = await signedIn();
    world.silentOn = "votes and reviews";
    const after = await browser.post(`${base}/review`, { ...fields, ...approve });
    expect([after.status, seen(after.text).includes("No answer came: it may be recorded or not.")]).toEqual([503, true]);
    expect(world.votes).toHaveLength(1);
    world.silentOn = "nothing";
    expect((await browser.open(`${base}${wayOn(after.text)}`)).status).toBe(200);
  });

  it("of a decision that was not handed on: that nothing was decided", async () => {
    const { browser, fields } = await signedIn();
    world.silentOn = "reviews";
    const after = await browser.post(`${base}/review`, { ...fields, ...approve });
    expect([after.status, after.text.includes("<h1>Nothing was decided</h1>"), wayOn(after.text) === undefined]).toEqual([
      503,
      true,
      false,
    ]);
    expect(world.votes).toEqual([]);
  });

  it("of a review: that it cannot be shown, and that what was decided is not lost", async () => {
    const { browser } = await signedIn();
    world.silentOn = "reviews";
    const after = await browser.open(running.link());
    expect([after.status, seen(after.text).includes("What was recorded stays recorded."), wayOn(after.text) === undefined]).toEqual([
      503,
      true,
      false,
    ]);
  });
});
