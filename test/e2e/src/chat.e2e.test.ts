import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { statusName, type CountersignClient } from "@countersign/client";
import { freePort } from "@countersign/embedded";
import { FakeSlack, FakeTeams, type FakeActivity, type FakeMessage } from "@countersign/notifier/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXPORT } from "./scenes.ts";
import { startStack, type Stack } from "./stack.ts";

const SCIM_TOKEN = "scim-token-of-32-random-bytes-xxxx";
const inSlack = { id: "U0DATA", team: "T0TEAM" };
const inTeams = { id: "0000aaaa-0000-4000-8000-000000000002", tenant: "contoso" };
const folder = mkdtempSync(join(tmpdir(), "countersign-chat-"));
let slack: FakeSlack;
let teams: FakeTeams;
let stack: Stack;
let agent: CountersignClient;

beforeAll(async () => {
  slack = await new FakeSlack().start();
  teams = await new FakeTeams().start();
  const [listenPort, scimPort] = [await freePort(), await freePort()];
  slack.requestUrl = `http://127.0.0.1:${listenPort}/slack/acme-slack/interactions`;
  teams.endpoint = `http://127.0.0.1:${listenPort}/teams/contoso/messages`;
  stack = await startStack({
    COUNTERSIGN_MANAGED_TENANTS: "acme",
    COUNTERSIGN_DIRECTORY_FILE: file("directory.json", directory),
    COUNTERSIGN_SCIM_PORT: String(scimPort),
    COUNTERSIGN_CHANNELS_FILE: file("channels.json", channels()),
    COUNTERSIGN_NOTIFIER_LISTEN: `127.0.0.1:${listenPort}`,
  });
  agent = await stack.as("crm-agent");
  await provision(`http://127.0.0.1:${scimPort}/scim/v2`, ["data-owner", "second-data-owner"]);
});
afterAll(async () => {
  await stack.close();
  await slack.close();
  await teams.close();
  rmSync(folder, { recursive: true, force: true });
});

const directory = {
  tenants: {
    acme: {
      scim_tokens: [{ name: "provider", sha256: createHash("sha256").update(SCIM_TOKEN).digest("hex") }],
      roles: { reviewer: ["data-owners"] },
      sign_in: [{ issuer: "urn:countersign:development", by: "userName" }],
    },
  },
};

function channels(): object {
  const chat = { tenants: ["acme"], groups: ["data-owners"], per_second: 50 };
  return {
    apps: [
      { name: "acme-slack", kind: "slack", bot_token: slack.botToken, signing_secret: slack.signingSecret, api_url: slack.apiUrl },
      {
        name: "contoso",
        kind: "teams",
        app_id: teams.appId,
        app_password: teams.password,
        service_url: teams.url,
        login_url: teams.url,
        openid_url: `${teams.url}openid`,
      },
    ],
    channels: [
      { name: "owners-slack", kind: "slack", app: "acme-slack", conversation: "C0OWNERS", ...chat },
      { name: "owners-teams", kind: "teams", app: "contoso", conversation: "19:owners@thread.tacv2", ...chat },
      { name: "others", kind: "slack", app: "acme-slack", conversation: "C0OTHERS", ...chat, groups: ["security"] },
    ],
  };
}

function file(name: string, content: object): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(content), { mode: 0o600 });
  return path;
}

async function provision(scim: string, people: readonly string[]): Promise<void> {
  const post = async (path: string, body: object): Promise<string> => {
    const headers = { authorization: `Bearer ${SCIM_TOKEN}`, "content-type": "application/scim+json" };
    const answer = await fetch(`${scim}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    const { id } = (await answer.json()) as { id: string };
    return id;
  };
  const members = [];
  for (const userName of people) members.push({ value: await post("/Users", { userName, active: true }) });
  // Known, so that it can be kept from approving what its agent asks for.
  await post("/Users", { userName: "agent-owner", active: true });
  await post("/Groups", { displayName: "data-owners", members });
}

async function until<Value>(look: () => Value | undefined | false): Promise<Value> {
  for (let waited = 0; waited < 30_000; waited += 10) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("waited in vain");
}

/** Asks for an export and waits until both places show it. */
async function asked(): Promise<{ id: string; message: FakeMessage; activity: FakeActivity }> {
  const { action } = await agent.requestAction(EXPORT);
  const message = await until(() => slack.messages.find(({ blocks }) => JSON.stringify(blocks).includes(action.id)));
  const activity = await until(() => teams.activities.find(({ card }) => JSON.stringify(card).includes(action.id)));
  return { id: action.id, message, activity };
}

const shows = ({ message, activity }: { message: FakeMessage; activity: FakeActivity }, words: string): boolean =>
  message.text.startsWith(words) && JSON.stringify(activity.card).includes(words);

describe("reviews in chat", () => {
  it("P3: an account decides nothing before its human links it, with the code that only this account was shown", async () => {
    const { id, message, activity } = await asked();
    await slack.click(inSlack, message, "countersign.approve");
    const told = await until(() => slack.ephemerals.find(({ user }) => user === inSlack.id)?.text);
    const { body } = await teams.click(inTeams, activity, "countersign.approve");
    for (const [who, text, own, displayName] of [
      ["data-owner", told, { channel: "slack", workspace: inSlack.team, id: inSlack.id }, "admin"],
      ["second-data-owner", String(body?.value), { channel: "teams", workspace: inTeams.tenant, id: inTeams.id }, "Admin"],
    ] as const) {
      expect(text).toContain("Nothing was decided");
      const [, code = ""] = /countersign link (\S+)\./.exec(text) ?? [];
      const people = (await stack.as(who)).directory;
      // P3: whose account it is, is seen before it is linked, and another one is not.
      expect(await people.getLinkOffer({ code })).toMatchObject({ account: own, displayName });
      const another = people.linkAccount({ code, account: { ...own, id: "U0MALLORY" } });
      await expect(another).rejects.toMatchObject({ reason: "LINK_ACCOUNT_MISMATCH" });
      await people.linkAccount({ code, account: own });
    }
    expect((await agent.actions.getAction({ actionId: id })).action?.review?.votes).toEqual([]);
    await agent.actions.cancelAction({ actionId: id });
    await until(() => shows({ message, activity }, "Review: cancelled"));
  });

  it.each([
    ["two approvals", "approve", ["APPROVED"], 1],
    // A rejection that comes second takes back what nobody has redeemed.
    ["an approval and a rejection", "reject", ["APPROVED", "REJECTED", "REVOKED"], 2],
  ] as const)(
    "P1, P2: two clicks at the same moment in two channels, one decision that both messages end up showing: %s",
    async (_what, second, outcomes, mostVotes) => {
      const shown = await asked();
      const told = slack.ephemerals.length;
      await Promise.all([
        slack.click(inSlack, shown.message, "countersign.approve"),
        teams.click(inTeams, shown.activity, `countersign.${second}`, { rejectReason: "not now" }),
      ]);
      await until(() => slack.ephemerals.length > told);
      const { action } = await agent.actions.getAction({ actionId: shown.id });
      const status = statusName(action?.status ?? 0);
      expect(outcomes).toContain(status);
      expect(action?.review?.votes.length).toBeLessThanOrEqual(mostVotes);
      await until(() => shows(shown, `Review: ${status.toLowerCase()}`));
      expect([...slack.refused, ...teams.refused]).toEqual([]);
    },
  );

  it("P1, P7: an older copy of a message decides nothing", async () => {
    const shown = await asked();
    const older = structuredClone(shown.activity);
    const { action, shownDigest } = await (await stack.as("data-owner")).reviews.getReview({ actionId: shown.id });
    const { digest = new Uint8Array(), version = 0n } = action ?? {};
    const reject = { case: "reject" as const, value: { reason: "no" } };
    await (await stack.as("data-owner")).reviews.submitVote({ actionId: shown.id, digest, version, shownDigest, decision: reject });
    const { body } = await teams.click(inTeams, older, "countersign.approve");
    expect(String(body?.value)).toContain("Nothing was decided");
    await until(() => shows(shown, "Review: rejected"));
  });

  it("P8: a conversation hears of reviews that ask its people only", () => {
    expect(slack.messages.filter(({ conversation }) => conversation === "C0OTHERS")).toEqual([]);
  });
});
