import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CountersignError, statusName, type CountersignClient } from "@countersign/client";
import { approve, refusal, shownTo } from "@countersign/client/testing";
import { createDevelopmentIssuer, DEVELOPMENT_PRINCIPALS, type DevelopmentIssuer, type DevelopmentPrincipal } from "@countersign/identity";
import { silentLogger } from "@countersign/telemetry";
import { freePort } from "@countersign/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { breakGlass } from "./break-glass.suite.ts";
import { aliasOf, ManagedPeople } from "./managed-people.ts";
import { EXPORT, TAG_CHANGE } from "./scenes.ts";
import { CAMPAIGN, COPY, human, POLICY, PURGE, REASON, THROUGH } from "./self-approval-cast.ts";
import { startStack, type Stack } from "./stack.ts";

/** The `iss` of development tokens, and that of a provider at which the same people have other accounts. */
const ISSUER = "urn:countersign:development";
const ELSEWHERE = "https://elsewhere.example";
const TOKEN = "scim-token-of-32-random-bytes!!!";
const folder = mkdtempSync(join(tmpdir(), "countersign-self-approval-"));
let stack: Stack;
let elsewhere: DevelopmentIssuer;
let people: ManagedPeople;
let agent: CountersignClient;

beforeAll(async () => {
  const port = await freePort();
  people = new ManagedPeople(`http://127.0.0.1:${port}/scim/v2`, TOKEN);
  const file = join(folder, "directory.yaml");
  const tenant = {
    scim_tokens: [{ name: "provider", sha256: createHash("sha256").update(TOKEN).digest("hex") }],
    sign_in: [
      { issuer: ISSUER, by: "userName" },
      { issuer: ELSEWHERE, by: "externalId" },
    ],
  };
  writeFileSync(file, JSON.stringify({ tenants: { acme: tenant } }));
  elsewhere = await createDevelopmentIssuer({}, () => new Date(), ELSEWHERE);
  const settings = { COUNTERSIGN_MANAGED_TENANTS: "acme", COUNTERSIGN_DIRECTORY_FILE: file, COUNTERSIGN_SCIM_PORT: String(port) };
  stack = await startStack(settings, silentLogger, [elsewhere]);
  const admin = await stack.as("policy-admin");
  const { revision } = await admin.policies.publishPolicy({ document: POLICY });
  await admin.policies.activatePolicy({ revision: revision?.revision ?? 0n });
  for (const name of ["agent-owner", "data-owner", "second-data-owner", "both", "deputy", "leaver", "security-lead"])
    await people.user(name);
  await people.group("data-owners", ["agent-owner", "data-owner", "second-data-owner", "both", "leaver"]);
  await people.group("security", ["both", "security-lead"]);
  agent = await stack.as("crm-agent");
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

it("whoever publishes a policy is told which of its reviewers the directory does not know", async () => {
  const { warnings } = await (await stack.as("policy-admin")).policies.publishPolicy({ document: POLICY, validateOnly: true });
  expect(warnings.join("\n")).toMatch(/group "dba", in which the directory has nobody\n.*group "platform-oncall"/);
  expect(warnings.join("\n")).not.toMatch(/"data-owners"|"security"/);
});

describe("P3: the self-approval matrix, through the API", () => {
  const behind = (sub: string) => ({ sub: "copilot", principal_type: "agent", act: { sub, principal_type: "human" } }) as const;

  it.each<[string, DevelopmentPrincipal, DevelopmentPrincipal, string]>([
    ["the requester", human("data-owner"), human("data-owner"), "PERMISSION_DENIED SELF_APPROVAL"],
    [
      "the agent itself",
      DEVELOPMENT_PRINCIPALS["crm-agent"],
      { ...DEVELOPMENT_PRINCIPALS["crm-agent"], roles: ["reviewer"] },
      "PERMISSION_DENIED NOT_HUMAN",
    ],
    ["the agent's owner", DEVELOPMENT_PRINCIPALS["crm-agent"], human("agent-owner"), "PERMISSION_DENIED SELF_APPROVAL"],
    ["the human that an agent acts for", THROUGH, human("data-owner"), "PERMISSION_DENIED SELF_APPROVAL"],
    ["an agent with a reviewer's token", DEVELOPMENT_PRINCIPALS["crm-agent"], THROUGH, "PERMISSION_DENIED NOT_HUMAN"],
    ["a group that only the token knows of", DEVELOPMENT_PRINCIPALS["crm-agent"], human("deputy"), "PERMISSION_DENIED NOT_ELIGIBLE"],
    ["somebody whom the directory does not know", DEVELOPMENT_PRINCIPALS["crm-agent"], human("nobody"), "PERMISSION_DENIED NOT_ELIGIBLE"],
    ["a reviewer of another tenant", DEVELOPMENT_PRINCIPALS["crm-agent"], human("data-owner", { tenant: "globex" }), "NOT_FOUND NOT_FOUND"],
  ])("%s", async (_who, requester, voter, reason) => {
    const { action } = await (await stack.as(requester)).requestAction(EXPORT);
    expect(statusName(action.status)).toBe("IN_REVIEW");
    const shown = await shownTo(await stack.as("operator"), action.id);
    const vote = { ...shown, decision: { case: "approve", value: {} } } as const;
    expect(await refusal((await stack.as(voter)).reviews.submitVote(vote))).toBe(reason);
    expect(await votesOn(action.id)).toBe(0);
  });

  const alias = (id: string): DevelopmentPrincipal => human(aliasOf(id));
  const at = { here: () => stack.issuer, elsewhere: () => elsewhere };
  it.each<[string, DevelopmentPrincipal, keyof typeof at, DevelopmentPrincipal, keyof typeof at]>([
    ["that asked", alias("data-owner"), "elsewhere", human("data-owner"), "here"],
    ["that decides", human("data-owner"), "here", alias("data-owner"), "elsewhere"],
    ["of the agent's owner", DEVELOPMENT_PRINCIPALS["crm-agent"], "here", alias("agent-owner"), "elsewhere"],
    ["of the human that an agent acts for", THROUGH, "here", alias("data-owner"), "elsewhere"],
  ])("an alias account %s, at another issuer", async (_which, requester, from, voter, by) => {
    const { action } = await (await stack.as(requester, at[from]())).requestAction(PURGE);
    const again = await stack.as(voter, at[by]());
    // Lists follow within a second: what is not there yet says nothing.
    await expect.poll(() => reviewIds(again, true)).toContain(action.id);
    expect(await reviewIds(again)).not.toContain(action.id);
    expect(await refusal(approve(again, action.id))).toBe("PERMISSION_DENIED SELF_APPROVAL");
    const breaker = await stack.as({ ...voter, mfa: true }, at[by]());
    const broken = breaker.reviews.breakGlass({ ...(await shownTo(await stack.as("operator"), action.id)), reason: REASON });
    expect(await refusal(broken)).toBe("PERMISSION_DENIED SELF_APPROVAL");
    expect(await votesOn(action.id)).toBe(0);
  });

  const owned = (owner: string): DevelopmentPrincipal => ({ ...DEVELOPMENT_PRINCIPALS["crm-agent"], owner });
  it.each<[string, DevelopmentPrincipal, keyof typeof at, string]>([
    ["an owner of nobody", owned("ghost"), "here", `owner: ${ISSUER}#ghost`],
    // agent-owner decides under another account than this one, and nobody could tell.
    ["an owner by the name that it has at another issuer", owned("agent-owner"), "elsewhere", `owner: ${ELSEWHERE}#agent-owner`],
    ["the human that an agent acts for", { ...THROUGH, id: "ghost" }, "here", `acting_for: ${ISSUER}#ghost`],
    ["a human in the middle of a chain", { ...THROUGH, act: behind("ghost") }, "here", `acting_for: ${ISSUER}#ghost`],
    ["a human who asks", human("ghost"), "here", `requester: ${ISSUER}#ghost`],
  ])("%s, unknown to the directory: nobody could approve it, which the requester hears at once", async (_who, requester, from, said) => {
    const client = await stack.as(requester, at[from]());
    const refused = await client.requestAction(PURGE).catch((error: unknown) => error);
    const { reason, metadata } = refused instanceof CountersignError ? refused : { reason: String(refused), metadata: {} };
    expect([reason, ...Object.entries(metadata).map(([part, account]) => `${part}: ${account}`)]).toEqual(["CAUSER_UNKNOWN", said]);
    // A dry run says the same.
    const { subject, action, resource, context } = PURGE;
    const dry = await client.actions.evaluateAction({ input: { subject, action, resource, context } });
    expect([dry.refusedReason, ...dry.unknownCausers.map(({ issuer, id }) => `${issuer}#${id}`)]).toEqual([
      "CAUSER_UNKNOWN",
      said.replace(/^\w+: /, ""),
    ]);
    // What needs no people goes on.
    expect(statusName((await client.requestAction(TAG_CHANGE)).action.status)).toBe("APPROVED");
  });

  it("an owner whom the directory knows no longer: no approval, no edit and no break-glass until it does, but a no", async () => {
    const id = await people.user("passing");
    const { action } = await (await stack.as(owned("passing"))).requestAction(PURGE);
    const second = await (await stack.as(owned("passing"))).requestAction(COPY);
    await people.change(`/Users/${id}`, { op: "replace", path: "userName", value: "passed" });
    // Renamed is known.
    const reviewer = await stack.as({ ...human("both"), mfa: true });
    expect((await reviewer.reviews.getReview({ actionId: action.id })).eligible).toBe(true);
    await (await stack.as("privacy-officer")).directory.erasePerson({ personId: id, reason: "asked for it", force: true });
    const shown = await shownTo(reviewer, action.id);
    const seen = await reviewer.reviews.getReview({ actionId: action.id });
    expect(seen).toMatchObject({
      eligible: false,
      ineligibleReason: "CAUSER_UNKNOWN",
      unknownCausers: [{ issuer: ISSUER, id: "passing" }],
    });
    expect(await refusal(approve(reviewer, action.id))).toBe("FAILED_PRECONDITION CAUSER_UNKNOWN");
    expect(await refusal(reviewer.reviews.breakGlass({ ...shown, reason: REASON }))).toBe("FAILED_PRECONDITION CAUSER_UNKNOWN");
    const edit = { case: "edit", value: { properties: {}, reason: "less" } } as const;
    expect(await refusal(reviewer.reviews.submitVote({ ...shown, decision: edit }))).toBe("FAILED_PRECONDITION CAUSER_UNKNOWN");
    const no = { case: "reject", value: { reason: "whose is it?" } } as const;
    const { action: rejected } = await reviewer.reviews.submitVote({ ...shown, decision: no });
    expect(statusName(rejected?.status ?? 0)).toBe("REJECTED");
    // Whoever takes the agent over gives the account to its own record.
    await people.user("heir", { principals: [`${ISSUER}|passing`] });
    expect(statusName((await approve(reviewer, second.action.id))?.status ?? 0)).toBe("IN_REVIEW");
    expect(await votesOn(second.action.id)).toBe(1);
  });

  it("an alias account of who has voted is no second vote", async () => {
    const { action } = await agent.requestAction(PURGE);
    await approve(await stack.as(human("data-owner")), action.id);
    expect(await refusal(approve(await stack.as(alias("data-owner"), elsewhere), action.id))).toBe("FAILED_PRECONDITION ALREADY_VOTED");
    expect(await refusal(approve(await stack.as(human("data-owner"), elsewhere), action.id))).toBe("PERMISSION_DENIED NOT_ELIGIBLE");
    expect(await votesOn(action.id)).toBe(1);
  });

  it("a member of both groups is one vote, not two", async () => {
    const { action } = await agent.requestAction(CAMPAIGN);
    const both = await stack.as(human("both"));
    await approve(both, action.id);
    await approve(both, action.id);
    expect(await votesOn(action.id)).toBe(1);
    const seen = await both.reviews.getReview({ actionId: action.id });
    expect([statusName(seen.action?.status ?? 0), seen.eligible, seen.ineligibleReason]).toEqual(["IN_REVIEW", false, "ALREADY_VOTED"]);
    expect(statusName((await approve(await stack.as(human("security-lead")), action.id))?.status ?? 0)).toBe("APPROVED");
  });

  it("a deputy is barred where the one it stands in for is, and is one vote with them elsewhere", async () => {
    const deputy = await stack.as(human("deputy"));
    await delegate("agent-owner", "deputy");
    const { action } = await agent.requestAction(COPY);
    expect(await refusal(approve(deputy, action.id))).toBe("PERMISSION_DENIED SELF_APPROVAL");
    await delegate("second-data-owner", "deputy");
    await approve(deputy, action.id);
    const { action: voted } = await deputy.reviews.getReview({ actionId: action.id });
    expect(voted?.review?.votes[0]?.inPlaceOf).toBe(people.ids.get("second-data-owner"));
    expect(await refusal(approve(await stack.as(human("second-data-owner")), action.id))).toBe("FAILED_PRECONDITION ALREADY_VOTED");
    expect(statusName((await approve(await stack.as(human("data-owner")), action.id))?.status ?? 0)).toBe("APPROVED");
  });

  it("somebody who leaves the group in mid-review does not count any more", async () => {
    const { action } = await agent.requestAction(COPY);
    const leaver = await stack.as(human("leaver"));
    await approve(leaver, action.id);
    await people.change(`/Groups/${people.ids.get("data-owners")}`, {
      op: "remove",
      path: `members[value eq "${people.ids.get("leaver")}"]`,
    });
    const after = await approve(await stack.as(human("data-owner")), action.id);
    expect([statusName(after?.status ?? 0), after?.review?.approvals]).toEqual(["IN_REVIEW", 1]);
    const { action: whole } = await leaver.reviews.getReview({ actionId: action.id });
    expect(whole?.review?.votes.map(({ lapsed }) => lapsed)).toEqual([true, false]);
    expect(await refusal(approve(leaver, action.id))).toBe("PERMISSION_DENIED NOT_ELIGIBLE");
    expect(statusName((await approve(await stack.as(human("both")), action.id))?.status ?? 0)).toBe("APPROVED");
  });

  async function delegate(from: string, to: string): Promise<void> {
    const untilTime = timestampFromMs(Date.now() + 3_600_000);
    await (await stack.as(human(from))).directory.createDelegation({ to, untilTime });
  }
});

breakGlass(() => ({ stack, agent }));

async function votesOn(actionId: string): Promise<number> {
  const { action } = await agent.actions
    .getAction({ actionId })
    .catch(async () => (await stack.as("operator")).actions.getAction({ actionId }));
  return action?.review?.votes.length ?? 0;
}

async function reviewIds(client: CountersignClient, all = false): Promise<readonly string[]> {
  const { reviews } = await client.reviews.listReviews({ all });
  return reviews.map(({ id }) => id);
}
