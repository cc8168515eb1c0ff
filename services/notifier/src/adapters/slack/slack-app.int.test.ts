import { until } from "@countersign/testing";
import { afterEach, describe, expect, it } from "vitest";
import { FakeSlack } from "../../testing/index.ts";
import { ada, startSlackApp } from "../../testing/running-slack-app.ts";
import { sampleCard as card, sampleDelivery, sampleReview } from "../../testing/sample-review.ts";
import type { VoteReply } from "../../usecases/answer.ts";
import { RetryableDeliveryError, TerminalDeliveryError, type Delivery } from "../../usecases/channel.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const start = (mode?: "http" | "socket", slack?: FakeSlack) => startSlackApp(closers, mode, slack);

describe("slack: showing", () => {
  it("posts once, changes in place, and lets Slack read no markup into it", async () => {
    const { slack, show, world, message } = await start();
    const { externalRef } = await show();
    expect(externalRef).toBe(message().ts);
    world.action = { ...sampleReview, status: "approved", version: 5 };
    expect(await show({ earlierRef: externalRef, undecided: false })).toEqual({ externalRef });
    expect(slack.messages).toHaveLength(1);
    expect(message()).toMatchObject({ updates: 1, text: "Review: approved: db.export on db crm" });
    expect(slack.refused).toEqual([]);
  });

  it("P4: after an attempt without an answer it looks before it posts again", async () => {
    const slack = new FakeSlack({ fault: (method, call) => (method === "chat.postMessage" && call === 0 ? "reset-after" : undefined) });
    const { show } = await start("http", slack);
    await expect(show()).rejects.toThrow(RetryableDeliveryError);
    expect(await show({ attempt: 2 })).toEqual({ externalRef: slack.messages[0]?.ts });
    expect(slack.messages).toHaveLength(1);
  });

  it("P4: finds its message behind many others", async () => {
    const slack = new FakeSlack({ fault: (method, call) => (method === "chat.postMessage" && call === 0 ? "500-after" : undefined) });
    const { show } = await start("http", slack);
    await expect(show()).rejects.toThrow(RetryableDeliveryError);
    const other = (index: number): Partial<Delivery> => ({ event: { ...sampleDelivery().event, id: `other-${index}` } });
    for (let index = 0; index < 210; index += 1) await show(other(index));
    expect(await show({ attempt: 2 })).toEqual({ externalRef: slack.messages[0]?.ts });
    expect(slack.messages).toHaveLength(211);
  });

  it("honours Retry-After and names it to the store", async () => {
    const { show } = await start("http", new FakeSlack({ perSecond: 0.2 }));
    await show();
    const error = await show().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RetryableDeliveryError);
    expect(error).toMatchObject({ rateLimited: true, delayMs: 5000 });
  });

  it("posts anew what somebody deleted while it is to be decided, and not after", async () => {
    const { slack, show } = await start();
    await show();
    slack.messages.length = 0;
    await expect(show({ earlierRef: "1.1", undecided: false })).rejects.toThrow(TerminalDeliveryError);
    expect(slack.messages).toHaveLength(0);
    await show({ earlierRef: "1.1" });
    expect(slack.messages).toHaveLength(1);
  });
});

describe.each(["http", "socket"] as const)("slack: answers over %s", (mode) => {
  it("P1: a click votes as the linked person for what the message showed; the message waits for the log", async () => {
    const { slack, world, show, message, background } = await start(mode);
    await show();
    // Slack waits for three seconds only: the click is answered before the vote is recorded.
    const recorded = Promise.withResolvers<VoteReply>();
    world.reply = recorded.promise;
    expect((await slack.click(ada, message(), "countersign.approve")).status).toBe(200);
    recorded.resolve({ outcome: "recorded" });
    await until(() => slack.ephemerals.length === 1);
    await background.settled();
    expect(world.votes).toEqual([
      { account: { channel: "slack", workspace: ada.team, id: ada.id }, card, decision: { kind: "approve", reason: "" } },
    ]);
    expect(message().updates).toBe(0);
    expect(slack.ephemerals).toEqual([{ conversation: "C0DPO", user: ada.id, text: expect.stringContaining("Recorded.") as string }]);
  });

  it("a rejection asks for a reason, an edit for parameters", async () => {
    const { slack, world, show, message } = await start(mode);
    await show();
    await slack.click(ada, message(), "countersign.reject");
    await until(() => slack.views.length === 1);
    expect((await slack.submit(ada, slack.views[0]!, { reason: "  " })).ack).toMatchObject({ response_action: "errors" });
    await slack.submit(ada, slack.views[0]!, { reason: "too many rows" });
    await until(() => world.votes.length === 1);
    expect(world.votes[0]).toMatchObject({ card, decision: { kind: "reject", reason: "too many rows" } });

    await slack.click(ada, message(), "countersign.edit");
    await until(() => slack.views.length === 2);
    const field = slack.views[1]!.blocks.find(({ block_id: id }) => id === "properties")!.element!.initial_value!;
    expect((await slack.submit(ada, slack.views[1]!, { reason: "less", properties: "{" })).ack).toMatchObject({
      errors: { properties: "This is not JSON." },
    });
    await slack.submit(ada, slack.views[1]!, { reason: "less", properties: field.replace("10", "5") });
    await until(() => world.votes.length === 2);
    expect(world.votes[1]?.decision).toEqual({ kind: "edit", reason: "less", properties: { table: "customers", limit: 5 } });
    expect(slack.refused).toEqual([]);
  });
});

describe("slack: what decides nothing", () => {
  it("a question and a claim go in as the person's own, and a message that is claimed offers to release it", async () => {
    const { slack, world, show, message } = await start();
    await show();
    await slack.click(ada, message(), "countersign.ask");
    await until(() => slack.views.length === 1);
    expect((await slack.submit(ada, slack.views[0]!, { reason: " " })).ack).toMatchObject({ errors: { reason: "Say what." } });
    await slack.submit(ada, slack.views[0]!, { reason: "which customers?" });
    await until(() => world.words.length === 1);
    await slack.click(ada, message(), "countersign.claim");
    await until(() => world.words.length === 2);
    const claim = { reviewer: { issuer: "https://id.example", id: "ada" }, since: new Date(0), until: new Date(1000) };
    world.action = { ...sampleReview, review: { ...sampleReview.review!, claim } };
    await show({ earlierRef: message().ts });
    await slack.click(ada, message(), "countersign.release");
    await until(() => world.words.length === 3);
    expect(world.words).toEqual([
      [ada.id, card, { kind: "ask", text: "which customers?" }],
      [ada.id, card, { kind: "claim" }],
      [ada.id, card, { kind: "release" }],
    ]);
    expect(world.votes).toEqual([]);
    expect(slack.refused).toEqual([]);
  });

  it.each([
    ["P3: somebody whom nobody linked", { id: "U0EVE", team: "T0TEAM" }],
    ["P8: somebody of the same id in another workspace", { id: "U0ADA", team: "T0EVIL" }],
  ])("%s", async (_what, user) => {
    const { slack, world, show, message } = await start();
    await show();
    await slack.click(user, message(), "countersign.approve");
    await until(() => slack.ephemerals.length === 1);
    expect(world.votes).toEqual([]);
    expect(slack.ephemerals[0]).toMatchObject({ user: user.id, text: expect.stringContaining(`slack ${user.team}/${user.id}`) as string });
    expect(slack.ephemerals[0]?.text).toContain("countersign link K7Q2. Run: countersign link.");
  });

  it("P1: a message that shows an older form: refused, and the message is renewed", async () => {
    const { slack, world, show, message } = await start();
    await show();
    world.reply = { outcome: "refused", reason: "STALE_DIGEST", changed: "parameters.limit, <!channel>" };
    await slack.click(ada, message(), "countersign.approve");
    await until(() => slack.ephemerals.length === 1);
    expect(slack.ephemerals[0]?.text).toMatch(/showed older parameters.*changed: parameters\.limit, &lt;!channel&gt;/);
    expect(world.refreshed).toEqual([card]);
  });

  it("P1: an edit form of older parameters", async () => {
    const { slack, world, show, message } = await start();
    await show();
    world.action = { ...sampleReview, digest: "cd".repeat(32), version: 4 };
    await slack.click(ada, message(), "countersign.edit");
    await until(() => slack.ephemerals.length === 1);
    expect(slack.views).toEqual([]);
    expect(world.refreshed).toEqual([card]);
  });

  it("a click that policy finds too weak: it leads to where a signed-in person decides", async () => {
    const { slack, world, show, message } = await start();
    await show();
    world.reply = { outcome: "refused", reason: "SIGN_IN_TOO_WEAK" };
    await slack.click(ada, message(), "countersign.approve");
    await until(() => slack.ephemerals.length === 1);
    expect(slack.ephemerals[0]?.text).toContain(`Sign in and decide here: https://cs.example/acme/${sampleReview.id}`);
  });

  it("an approval that needs a reason: it is asked for", async () => {
    const { slack, world, show, message } = await start();
    await show();
    world.reply = { outcome: "refused", reason: "REASON_REQUIRED" };
    await slack.click(ada, message(), "countersign.approve");
    await until(() => slack.views.length === 1);
    world.reply = { outcome: "recorded" };
    await slack.submit(ada, slack.views[0]!, { reason: "checked" });
    await until(() => world.votes.length === 2);
    expect(world.votes[1]?.decision).toEqual({ kind: "approve", reason: "checked" });
  });

  it("P7: requests that are forged, too old, from the future, changed, or played again", async () => {
    const { slack, world, show, message, background } = await start();
    await show();
    const button = message().blocks.flatMap(({ elements = [] }) => elements)[0]!;
    const body = new URLSearchParams({ payload: JSON.stringify(slack.clickPayload(ada, message(), button)) }).toString();
    const send = (headers: Record<string, string>, text = body) => fetch(slack.requestUrl, { method: "POST", headers, body: text });
    const away = (seconds: number): Date => new Date(Date.now() + seconds * 1000);
    for (const headers of [
      {},
      slack.sign(body, away(-310)),
      slack.sign(body, away(310)),
      { ...slack.sign(body), "x-slack-signature": "v0=00" },
      slack.sign(`${body}&x=1`),
      { ...slack.sign(body), "x-slack-request-timestamp": "1e9" },
    ]) {
      expect((await send(headers)).status).toBe(401);
    }
    const genuine = slack.sign(body);
    expect((await send(genuine)).status).toBe(200);
    expect((await send(genuine)).status).toBe(200);
    await background.settled();
    expect(world.votes).toHaveLength(1);
  });

  it("P8: a card of another channel, another app, or that was changed", async () => {
    const { slack, world, show, message, background } = await start();
    await show();
    const button = message().blocks.flatMap(({ elements = [] }) => elements)[0]!;
    const [payload, mac] = button.value!.split(".");
    const forged = Buffer.from(JSON.stringify(["dpo", "other", card.actionId, card.digest, 3, card.shownDigest])).toString("base64url");
    for (const value of [`${forged}.${mac}`, `${payload}.${"A".repeat(43)}`, "x", ""]) {
      expect((await slack.interact(slack.clickPayload(ada, message(), { ...button, value }))).status).toBe(200);
    }
    await background.settled();
    expect(world.votes).toEqual([]);
  });

  it("what is no interaction of ours", async () => {
    const { slack } = await start();
    for (const payload of [{}, { type: "shortcut" }, { type: "block_actions", user: { id: "<!channel>" }, actions: [] }]) {
      expect((await slack.interact(payload)).status).toBe(400);
    }
    const body = "ssl_check=1";
    expect((await fetch(slack.requestUrl, { method: "POST", headers: slack.sign(body), body })).status).toBe(200);
    expect((await fetch(slack.requestUrl)).status).toBe(405);
    expect((await fetch(`${slack.requestUrl}/x`, { method: "POST" })).status).toBe(404);
    expect((await fetch(slack.requestUrl, { method: "POST", body: "x".repeat(300_000) })).status).toBe(413);
  });
});

describe("slack: the socket", () => {
  it("connects again when Slack asks for it, and takes an envelope once", async () => {
    const { slack, world, show, message } = await start("socket");
    await show();
    slack.askToReconnect();
    await until(() => slack.greeted === 2 && slack.connections === 1);
    const button = message().blocks.flatMap(({ elements = [] }) => elements)[0]!;
    const payload = slack.clickPayload(ada, message(), button);
    slack.resend("e-1", payload);
    slack.resend("e-1", payload);
    slack.resend("e-2", { type: "shortcut" });
    await until(() => slack.acks.has("e-1") && slack.acks.has("e-2"));
    await until(() => slack.ephemerals.length === 1);
    expect(world.votes).toHaveLength(1);
  });
});
