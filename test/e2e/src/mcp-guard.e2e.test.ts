import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CountersignClient } from "@countersign/client";
import { shownTo } from "@countersign/client/testing";
import { DEVELOPMENT_PRINCIPALS } from "@countersign/identity";
import { type Action, ActionStatus } from "@countersign/proto/v1/action_pb";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "./program.ts";
import { startStack, type Stack } from "./stack.ts";

const MAIN = fileURLToPath(new URL("../../../libs/cli/src/main.ts", import.meta.url));
const SERVER = fileURLToPath(new URL("mcp/crm-server.ts", import.meta.url));

const POLICY = `apiVersion: countersign.dev/v1
kind: Policy
metadata: { name: tools }
rules:
  - { name: harmless, match: { actions: [mcp.crm.countcustomers, mcp.crm.fail, mcp.crm.crash, mcp.crm.environment] }, outcome: allow }
  - { name: drops, match: { actions: [mcp.crm.drop] }, outcome: deny, reason: Tables are dropped by migrations only. }
  - name: exports
    match: { actions: [mcp.crm.export], environments: [production] }
    outcome: review
    review: { groups: [data-owners], deadline: 1h, editable: { limit: { type: number } } }
`;

let stack: Stack;
let owner: CountersignClient;
let agent: CountersignClient;
const folder = mkdtempSync(join(tmpdir(), "countersign-mcp-"));
const trace = join(folder, "trace");
const hosts: Client[] = [];

beforeAll(async () => {
  stack = await startStack();
  owner = await stack.as("data-owner");
  agent = await stack.as("crm-agent");
  const admin = await stack.as("policy-admin");
  const { revision } = await admin.policies.publishPolicy({ document: POLICY });
  await admin.policies.activatePolicy({ revision: revision?.revision ?? 0n });
});
beforeEach(() => rmSync(trace, { force: true }));
afterAll(async () => {
  for (const host of hosts) await host.close();
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

/** An agent's host, with the MCP server behind the guard, as its configuration would start it. */
async function connect({ hold = "5m", pin }: { readonly hold?: string; readonly pin?: string | undefined } = {}): Promise<Client> {
  const host = new Client({ name: "host", version: "1.0.0" }, pin === undefined ? {} : { versionNegotiation: { mode: { pin } } });
  const options = ["--subject", "agent:crm-agent", "--context", "environment=production", "--hold", hold];
  await host.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [MAIN, "mcp", "crm", ...options, "--", process.execPath, SERVER, trace],
      env: {
        COUNTERSIGN_ADDRESS: stack.address,
        COUNTERSIGN_TOKEN: await stack.issuer.mint(DEVELOPMENT_PRINCIPALS["crm-agent"]),
        CRM_PASSWORD: "the server's own",
      },
    }),
  );
  hosts.push(host);
  return host;
}

const textOf = ({ content }: { readonly content: readonly { readonly type: string; readonly text?: string }[] }) =>
  content.map(({ text }) => text).join("\n");

const traced = () => (existsSync(trace) ? readFileSync(trace, "utf8") : "");

/** What waits for the data owner, once it does. */
async function inReview(): Promise<string> {
  let id = "";
  await eventually("a review is there", async () => {
    id = (await owner.reviews.listReviews({})).reviews[0]?.id ?? "";
    return id !== "";
  });
  return id;
}

type Decision = NonNullable<Parameters<CountersignClient["reviews"]["submitVote"]>[0]["decision"]>;

async function decide(id: string, decision: Decision, reviewer = owner): Promise<void> {
  await reviewer.reviews.submitVote({ ...(await shownTo(reviewer, id)), decision });
}

/** The action as the log has it in the end. */
async function ended(id: string): Promise<Action> {
  let action: Action | undefined;
  await eventually("it is reported", async () => {
    ({ action } = await agent.actions.getAction({ actionId: id }));
    return action?.status !== ActionStatus.REDEEMED;
  });
  if (action === undefined) throw new Error("no action");
  return action;
}

describe("countersign mcp", () => {
  it.each([undefined, "2026-07-28"])("a tool runs once a person says yes, and what it answered is reported (protocol: %s)", async (pin) => {
    const host = await connect({ pin });
    expect((await host.listTools()).tools.map(({ name }) => name)).toContain("export");
    const answer = host.callTool({ name: "export", arguments: { table: "customers", limit: 10 } });
    const id = await inReview();
    expect(traced()).toBe("");
    await decide(id, { case: "approve", value: {} });
    expect(textOf(await answer)).toBe("10 rows of customers");
    expect(traced()).toBe("exported 10 of customers\n");
    const { status, input, execution } = await ended(id);
    expect(status).toBe(ActionStatus.SUCCEEDED);
    expect(execution?.outputDigest).toHaveLength(32);
    expect(input).toMatchObject({
      subject: { type: "agent", id: "crm-agent" },
      action: { name: "mcp.crm.export", properties: { table: "customers", limit: 10 } },
      resource: { type: "mcp_server", id: "crm", properties: { tool: "export" } },
    });
  });

  it("what policy allows runs at once; what failed is reported as failed", async () => {
    const host = await connect();
    expect(textOf(await host.callTool({ name: "countCustomers", arguments: {} }))).toBe("42 customers");
    expect(await host.callTool({ name: "fail", arguments: {} })).toMatchObject({
      isError: true,
      content: [{ text: "the database is away" }],
    });
    await eventually("it is reported as failed", async () => {
      const { actions } = await agent.actions.listActions({ actionName: "mcp.crm.fail" });
      return actions[0]?.status === ActionStatus.FAILED;
    });
  });

  it("P7: what is denied or rejected never reaches the server, and the agent is told why", async () => {
    const host = await connect();
    const denied = await host.callTool({ name: "drop", arguments: { table: "customers" } });
    expect(denied.isError).toBe(true);
    expect(textOf(denied)).toMatch(/^mcp\.crm\.drop was not approved: DENIED Tables are dropped by migrations only\..* Nothing was run\.$/);
    const answer = host.callTool({ name: "export", arguments: { table: "customers", limit: 99 } });
    await decide(await inReview(), { case: "reject", value: { reason: "ten are enough" } });
    expect(textOf(await answer)).toContain("ten are enough");
    expect(traced()).toBe("");
  });

  it("what a reviewer changes is what runs, and the agent is told", async () => {
    const host = await connect();
    const answer = host.callTool({ name: "export", arguments: { table: "customers", limit: 1000 } });
    const id = await inReview();
    await decide(id, { case: "edit", value: { properties: { table: "customers", limit: 5 }, reason: "fewer" } });
    await eventually(
      "it is in review again",
      async () => (await agent.actions.getAction({ actionId: id })).action?.status === ActionStatus.IN_REVIEW,
    );
    await decide(id, { case: "approve", value: {} }, await stack.as("second-data-owner"));
    expect(textOf(await answer)).toBe(
      '5 rows of customers\nA reviewer changed the arguments, and the tool ran with these: {"table":"customers","limit":5}',
    );
    expect(traced()).toBe("exported 5 of customers\n");
  });

  it("a call that people take long for is told to come again, and the same call goes on with the same action", async () => {
    const host = await connect({ hold: "1s" });
    const call = { name: "export", arguments: { table: "customers", limit: 7 } };
    const first = await host.callTool(call);
    expect(first.isError).toBe(true);
    const id = await inReview();
    expect(textOf(first)).toBe(
      `Action ${id} waits for a decision. Nothing was run. Call the tool again with the same arguments to go on waiting.`,
    );
    await decide(id, { case: "approve", value: {} });
    expect(traced()).toBe("");
    expect(textOf(await host.callTool(call))).toBe("7 rows of customers");
    expect(traced()).toBe("exported 7 of customers\n");
    // Done is done: once more is another action.
    expect(textOf(await host.callTool(call))).not.toContain(id);
    await host.close();
    await eventually("nothing waits", async () => (await owner.reviews.listReviews({})).reviews.length === 0);
  });

  it("a call that its host gives up is taken back", async () => {
    const host = await connect();
    const given = new AbortController();
    const answer = host.callTool({ name: "export", arguments: { table: "customers", limit: 3 } }, { signal: given.signal });
    const id = await inReview();
    given.abort();
    await expect(answer).rejects.toThrow();
    await eventually(
      "it is cancelled",
      async () => (await agent.actions.getAction({ actionId: id })).action?.status === ActionStatus.CANCELLED,
    );
  });

  it("what waits when the host ends is taken back", async () => {
    const host = await connect();
    const answer = host.callTool({ name: "export", arguments: { table: "customers", limit: 4 } }).catch(() => {});
    const id = await inReview();
    await host.close();
    await answer;
    await eventually(
      "it is cancelled",
      async () => (await agent.actions.getAction({ actionId: id })).action?.status === ActionStatus.CANCELLED,
    );
  });

  it("a server that dies leaves no call without an answer", async () => {
    const host = await connect();
    const answer = await host.callTool({ name: "crash", arguments: {} });
    expect(textOf(answer)).toBe("The server ended before it answered. Whether the call was done is not known.");
  });

  it("P7: the server is given what is its own, and nothing of Countersign's", async () => {
    const host = await connect();
    const given = textOf(await host.callTool({ name: "environment", arguments: {} }));
    expect(given).toContain("CRM_PASSWORD");
    expect(given).not.toContain("COUNTERSIGN");
  });
});
