import { createDirectoryClient } from "@countersign/directory-client";
import { inProcessCommands } from "@countersign/bus";
import { sha256Hex, shownDigest, type ReviewSource } from "@countersign/review-view";
import { silentLogger } from "@countersign/telemetry";
import { afterEach, describe, expect, it } from "vitest";
import type { SlackAppConfig } from "../../channels-file.ts";
import { parseChannels } from "../../config.ts";
import { FakeSlack, type FakeMessage } from "../../testing/index.ts";
import { sampleDelivery, sampleReview } from "../../testing/sample-review.ts";
import type { Account, AnswerPorts, Decision, ShownCard, VoteReply } from "../../usecases/answer.ts";
import { RetryableDeliveryError, TerminalDeliveryError, type Channel, type Delivery } from "../../usecases/channel.ts";
import { Background } from "../background.ts";
import type { ChatChannelConfig } from "../chat-app.ts";
import { listen } from "../http/listener.ts";
import { slackApp } from "./slack-app.ts";

const ada = { id: "U0ADA", team: "T0TEAM" };
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Vote = { readonly account: Account; readonly card: ShownCard; readonly decision: Decision };

/** An app on a fake Slack, with an approval and a directory that the test plays. */
async function start(mode: "http" | "socket" = "http", slack = new FakeSlack()) {
  await slack.start();
  closers.push(() => slack.close());
  const how = mode === "http" ? { signing_secret: slack.signingSecret } : { app_token: slack.appToken };
  const config = parseChannels(
    JSON.stringify({
      apps: [
        {
          name: "acme-slack",
          kind: "slack",
          bot_token: slack.botToken,
          api_url: slack.apiUrl,
          review_url: "https://cs.example/{tenant}/{action}",
          link_help: "Run: countersign link.",
          ...how,
        },
      ],
      channels: [{ name: "dpo", kind: "slack", app: "acme-slack", conversation: "C0DPO", tenants: ["acme"] }],
    }),
    { host: "127.0.0.1", port: 0 },
  );
  const world = {
    votes: [] as Vote[],
    words: [] as unknown[],
    refreshed: [] as ShownCard[],
    reply: { outcome: "recorded" } as VoteReply | Promise<VoteReply>,
    action: sampleReview,
    seen: new Set<string>(),
  };
  const ports: AnswerPorts = {
    offerLink: async () => "K7Q2",
    submitVote: async (account, card, decision) => {
      if (card.tenant !== "acme" || account.workspace !== ada.team || account.id !== ada.id)
        return { outcome: "refused", reason: "NOT_IN_DIRECTORY" };
      world.votes.push({ account, card, decision });
      return world.reply;
    },
    discuss: async (account, shown, word) => {
      world.words.push([account.id, shown, word]);
      return world.reply;
    },
    refresh: async (card) => void world.refreshed.push(card),
  };
  const background = new Background(silentLogger);
  const app = slackApp(config.apps[0] as SlackAppConfig, config.channels as (ChatChannelConfig & { kind: "slack" })[], {
    ports,
    readAction: async () => world.action,
    directory: createDirectoryClient({
      commands: inProcessCommands({ logger: silentLogger }),
      asker: "test",
      config: { managedTenants: [], withoutDirectory: true, timeoutMs: 50 },
    }),
    isFirstTime: async (_app, id) => !world.seen.has(id) && world.seen.add(id) !== undefined,
    background,
    clock: () => new Date(),
    logger: silentLogger,
  });
  const listener = await listen({ host: "127.0.0.1", port: 0 }, app.routes, silentLogger);
  closers.push(() => listener.close());
  slack.requestUrl = `http://127.0.0.1:${listener.port}/slack/acme-slack/interactions`;
  const socket = app.start?.();
  if (socket !== undefined) {
    closers.push(() => socket.close());
    while (slack.connections === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const [channel] = app.channels as readonly [Channel];
  const show = (change: Partial<Delivery> = {}, source: ReviewSource = world.action) =>
    channel.deliver(sampleDelivery(source, { plannedAt: new Date(), ...change }), AbortSignal.timeout(20_000));
  return { slack, world, channel, show, background, message: () => slack.messages[0] as FakeMessage };
}

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 5) {
    if (waited > 30_000) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const card: ShownCard = {
  channel: "dpo",
  tenant: "acme",
  actionId: sampleReview.id,
  digest: sampleReview.digest,
  version: 3,
  shownDigest: shownDigest(sampleReview, sha256Hex),
};

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
