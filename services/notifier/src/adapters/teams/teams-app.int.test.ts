import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inProcessCommands } from "@countersign/bus";
import { createDirectoryClient, type DirectoryClient } from "@countersign/directory-client";
import { samplePerson } from "@countersign/directory-client/testing";
import { silentLogger } from "@countersign/telemetry";
import { afterEach, describe, expect, it } from "vitest";
import type { TeamsAppConfig } from "../../channels-file.ts";
import { parseChannels } from "../../config.ts";
import { activityProblem, inputsOf } from "../../testing/fake-teams/rules.ts";
import { textOf as textOfRequest } from "../../testing/faults.ts";
import { FakeTeams } from "../../testing/index.ts";
import { sampleCard as card, sampleDelivery, sampleReview } from "../../testing/sample-review.ts";
import type { AnswerPorts, Decision, ShownCard, VoteReply } from "../../usecases/answer.ts";
import { RetryableDeliveryError, TerminalDeliveryError, type Channel, type Delivery } from "../../usecases/channel.ts";
import { Background } from "../background.ts";
import type { ChatChannelConfig } from "../chat-app.ts";
import { listen } from "../http/listener.ts";
import { teamsApp } from "./teams-app.ts";
import { workflowsChannel } from "./workflows-channel.ts";

const ada = { id: "0000aaaa-0000-4000-8000-000000000ada", tenant: "contoso" };
const voter = { issuer: "https://id.example", id: "ada", groups: ["dpo"] };
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const person = samplePerson({
  id: "p1",
  displayName: "Ada",
  groups: ["dpo"],
  principals: [{ issuer: voter.issuer, id: voter.id }],
  accounts: [
    { channel: "slack", workspace: "T0TEAM", id: "U0ADA" },
    { channel: "teams", workspace: ada.tenant, id: ada.id },
  ],
});

async function start(teams = new FakeTeams()) {
  await teams.start();
  closers.push(() => teams.close());
  const config = parseChannels(
    JSON.stringify({
      apps: [
        {
          name: "contoso",
          kind: "teams",
          app_id: teams.appId,
          app_password: teams.password,
          service_url: teams.url,
          login_url: teams.url,
          openid_url: `${teams.url}openid`,
          review_url: "https://cs.example/{tenant}/{action}",
        },
      ],
      channels: [{ name: "dpo", kind: "teams", app: "contoso", conversation: "19:dpo@thread.tacv2", tenants: ["acme"] }],
    }),
    { host: "127.0.0.1", port: 0 },
  );
  const world = {
    votes: [] as { card: ShownCard; decision: Decision }[],
    refreshed: [] as ShownCard[],
    words: [] as unknown[],
    reply: async (): Promise<VoteReply> => ({ outcome: "recorded" }),
    action: sampleReview,
  };
  const ports: AnswerPorts = {
    offerLink: async () => "K7Q2",
    submitVote: async ({ workspace, id }, shown, decision) => {
      if (shown.tenant !== "acme" || workspace !== ada.tenant || id !== ada.id) return { outcome: "refused", reason: "NOT_IN_DIRECTORY" };
      world.votes.push({ card: shown, decision });
      return world.reply();
    },
    discuss: async ({ id }, shown, word) => {
      world.words.push([id, shown, word]);
      return world.reply();
    },
    refresh: async (shown) => void world.refreshed.push(shown),
  };
  const unmanaged = createDirectoryClient({
    commands: inProcessCommands({ logger: silentLogger }),
    asker: "test",
    config: { managedTenants: [], withoutDirectory: true, timeoutMs: 50 },
  });
  const directory: DirectoryClient = { ...unmanaged, listReviewers: async () => ({ managed: true, people: [person] }) };
  const background = new Background(silentLogger);
  const app = teamsApp(config.apps[0] as TeamsAppConfig, config.channels as (ChatChannelConfig & { kind: "teams" })[], {
    ports,
    readAction: async () => world.action,
    directory,
    isFirstTime: async () => true,
    background,
    clock: () => new Date(),
    logger: silentLogger,
  });
  const listener = await listen({ host: "127.0.0.1", port: 0 }, app.routes, silentLogger);
  closers.push(() => listener.close());
  teams.endpoint = `http://127.0.0.1:${listener.port}/teams/contoso/messages`;
  const [channel] = app.channels as readonly [Channel];
  const show = (change: Partial<Delivery> = {}) => channel.deliver(sampleDelivery(world.action, change), AbortSignal.timeout(20_000));
  return { teams, world, show, background, activity: () => teams.activities[0]! };
}

const textOf = (value: unknown): string => JSON.stringify(value);

describe("teams: showing", () => {
  it("posts once, changes in place, asks for one token, and names who is asked", async () => {
    const { teams, show, world, activity } = await start();
    const { externalRef } = await show();
    expect(activity().card["refresh"]).toMatchObject({ userIds: [`8:orgid:${ada.id}`] });
    world.action = { ...sampleReview, status: "approved", version: 5 };
    expect(await show({ earlierRef: externalRef, undecided: false })).toEqual({ externalRef });
    expect(teams.activities).toHaveLength(1);
    expect(activity().updates).toBe(1);
    expect(textOf(activity().card)).toContain("Review: approved");
    expect([teams.tokensGiven, teams.refused]).toEqual([1, []]);
  });

  it("waits as long as Teams says, and tries again what was not answered", async () => {
    const faults = ["429", "500", "reset"] as const;
    const { show } = await start(new FakeTeams((_path, call) => faults[call]));
    await expect(show()).rejects.toMatchObject({ rateLimited: true, delayMs: 1000 });
    await expect(show()).rejects.toThrow(RetryableDeliveryError);
    await expect(show()).rejects.toThrow(RetryableDeliveryError);
    expect(await show()).toEqual({ externalRef: "1:0" });
  });

  it("posts anew what somebody deleted while it is to be decided, and not after", async () => {
    const { teams, show } = await start();
    await expect(show({ earlierRef: "1:77", undecided: false })).rejects.toThrow(TerminalDeliveryError);
    expect(await show({ earlierRef: "1:77" })).toEqual({ externalRef: "1:0" });
    expect(teams.activities).toHaveLength(1);
  });

  it("a workflow gets the card without a button, and is told again what it did not take", async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      void (async () => {
        bodies.push(await textOfRequest(request));
        response.writeHead(bodies.length === 1 ? 429 : 202, { "retry-after": "2" }).end();
      })();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => new Promise((resolve) => server.close(() => resolve())));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const channel = workflowsChannel({
      name: "flow",
      url: `http://${host}/flow`,
      tenants: "all",
      groups: "all",
      events: ["ReviewOpened"],
      rules: { allowedHosts: [host] },
      clock: () => new Date(),
    });
    await expect(channel.deliver(sampleDelivery(), AbortSignal.timeout(20_000))).rejects.toMatchObject({
      rateLimited: true,
      delayMs: 2000,
    });
    expect(await channel.deliver(sampleDelivery(), AbortSignal.timeout(20_000))).toEqual({});
    expect(activityProblem(bodies[1] ?? "")).toBeUndefined();
    expect(bodies[1]).not.toContain("Action.");
    expect(channel.capabilities).toMatchObject({ update: false, answer: false });
  });
});

describe("teams: answers", () => {
  it("P1: a click votes as the linked person for what the card showed, and the reply is the card as the log has it", async () => {
    const { teams, world, show, activity } = await start();
    await show();
    world.reply = async () => {
      world.action = { ...sampleReview, status: "approved", version: 6 };
      return { outcome: "recorded" };
    };
    const { body } = await teams.click(ada, activity(), "countersign.approve");
    expect(world.votes).toEqual([{ card, decision: { kind: "approve", reason: "" } }]);
    expect(body).toMatchObject({ statusCode: 200, type: "application/vnd.microsoft.card.adaptive" });
    expect(textOf(body?.value)).toContain("Review: approved");
    expect(activity().updates).toBe(0);
    expect(teams.refused).toEqual([]);
  });

  it("P7: a vote that the log does not show yet leaves the card asking", async () => {
    const { teams, show, activity } = await start();
    await show();
    const { body } = await teams.click(ada, activity(), "countersign.approve");
    expect(textOf(body?.value)).toContain("Review needed");
  });

  it("rejections and edits carry what was typed", async () => {
    const { teams, world, show, activity } = await start();
    await show();
    expect((await teams.click(ada, activity(), "countersign.reject", { rejectReason: " " })).body?.value).toContain("say why");
    await teams.click(ada, activity(), "countersign.reject", { rejectReason: "too many" });
    const field = inputsOf(activity().card).find(({ id }) => id === "properties")?.value ?? "";
    await teams.click(ada, activity(), "countersign.edit", { editReason: "less", properties: field.replace("10", "5") });
    expect((await teams.click(ada, activity(), "countersign.edit", { editReason: "less", properties: "[" })).body?.value).toContain("JSON");
    expect(world.votes.map(({ decision }) => decision)).toEqual([
      { kind: "reject", reason: "too many" },
      { kind: "edit", reason: "less", properties: { table: "customers", limit: 5 } },
    ]);
  });

  it("a question and a claim go in as the person's own, and decide nothing", async () => {
    const { teams, world, show, activity } = await start();
    await show();
    expect((await teams.click(ada, activity(), "countersign.ask", { question: " " })).body?.value).toContain("say what");
    const { body } = await teams.click(ada, activity(), "countersign.ask", { question: "which customers?" });
    expect(textOf(body?.value)).toContain("Review needed");
    await teams.click(ada, activity(), "countersign.claim");
    expect(world.words).toEqual([
      [ada.id, card, { kind: "ask", text: "which customers?" }],
      [ada.id, card, { kind: "claim" }],
    ]);
    expect(world.votes).toEqual([]);
  });

  it("a refresh shows the action as it is", async () => {
    const { teams, world, show, activity } = await start();
    await show();
    world.action = { ...sampleReview, status: "expired", version: 4 };
    expect(textOf((await teams.click(ada, activity(), "countersign.refresh")).body?.value)).toContain("Review: expired");
    expect(world.votes).toEqual([]);
  });

  it("P1: a card that shows an older form: refused, and the message is renewed", async () => {
    const { teams, world, show, activity } = await start();
    await show();
    world.reply = async () => ({ outcome: "refused", reason: "STALE_VERSION" });
    const { body } = await teams.click(ada, activity(), "countersign.approve");
    expect(body).toMatchObject({
      type: "application/vnd.microsoft.activity.message",
      value: expect.stringContaining("something happened") as string,
    });
    expect(world.refreshed).toEqual([card]);
  });

  it("a click that policy finds too weak leads to where a signed-in person decides", async () => {
    const { teams, world, show, activity } = await start();
    await show();
    world.reply = async () => ({ outcome: "refused", reason: "SIGN_IN_TOO_WEAK" });
    expect((await teams.click(ada, activity(), "countersign.approve")).body?.value).toContain(`https://cs.example/acme/${sampleReview.id}`);
  });

  it.each([
    ["P3: somebody whom nobody linked", { ...ada, id: "eve" }],
    ["P8: the same id in another organisation", { ...ada, tenant: "evil" }],
  ])("%s decides nothing", async (_what, user) => {
    const { teams, world, show, activity } = await start();
    await show();
    expect((await teams.click(user, activity(), "countersign.approve")).body?.value).toContain(`teams ${user.tenant}/${user.id}`);
    expect(world.votes).toEqual([]);
  });

  it.each([
    ["for another bot", { claims: { aud: "other" } }],
    ["of another issuer", { claims: { iss: "https://evil.example" } }],
    ["that is over", { expires: -60 }],
    ["for another service", { claims: { serviceurl: "https://evil.example/" } }],
    ["without a service", { claims: { serviceurl: undefined } }],
    ["of a key that nobody endorses for Teams", { key: "unendorsed" as const }],
    ["of a key that is nobody's", { key: "foreign" as const }],
  ])("P7: a token %s is no token", async (_what, change) => {
    const { teams, world, show, activity } = await start();
    await show();
    const data = (activity().card["actions"] as readonly { readonly data: object }[])[0]?.data;
    const request = teams.activityOf(ada, activity(), { action: { type: "Action.Execute", verb: "countersign.approve", data } });
    expect((await teams.invoke(request, change)).status).toBe(401);
    expect(world.votes).toEqual([]);
    expect((await teams.invoke({ ...request, channelId: "webchat" })).status).toBe(401);
    expect((await fetch(teams.endpoint, { method: "POST", body: JSON.stringify(request) })).status).toBe(401);
  });

  it("P8: a card that was changed, or is used in another conversation, opens nothing", async () => {
    const { teams, world, show, activity } = await start();
    await show();
    const data = (activity().card["actions"] as readonly { readonly data: { readonly card: string } }[])[0]!.data;
    const value = (sealed: string) => ({ action: { type: "Action.Execute", verb: "countersign.approve", data: { card: sealed } } });
    const elsewhere = { ...activity(), conversation: "19:other@thread.tacv2" };
    expect((await teams.invoke(teams.activityOf(ada, elsewhere, value(data.card)))).body).toMatchObject({ statusCode: 400 });
    expect((await teams.invoke(teams.activityOf(ada, activity(), value(`x${data.card}`)))).body).toMatchObject({ statusCode: 400 });
    expect((await teams.invoke({ ...teams.activityOf(ada, activity(), {}), type: "conversationUpdate", name: undefined })).status).toBe(
      200,
    );
    expect((await teams.invoke(teams.activityOf(ada, activity(), {}))).status).toBe(501);
    expect(world.votes).toEqual([]);
  });
});
