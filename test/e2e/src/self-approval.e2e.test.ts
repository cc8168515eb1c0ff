import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CountersignError, statusName, type ActionInput, type CountersignClient } from "@countersign/client";
import { approve, refusal, shownTo } from "@countersign/client/testing";
import { createDevelopmentIssuer, DEVELOPMENT_PRINCIPALS, type DevelopmentIssuer, type DevelopmentPrincipal } from "@countersign/identity";
import { AfterReviewFinding, AfterReviewState } from "@countersign/proto/v1/action_pb";
import { starterPolicy } from "@countersign/policy";
import { silentLogger } from "@countersign/telemetry";
import { freePort } from "@countersign/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXPORT, TAG_CHANGE } from "./scenes.ts";
import { startStack, type Stack } from "./stack.ts";

/** The `iss` of development tokens, and that of a provider at which the same people have other accounts. */
const ISSUER = "urn:countersign:development";
const ELSEWHERE = "https://elsewhere.example";
const TOKEN = "scim-token-of-32-random-bytes!!!";
const folder = mkdtempSync(join(tmpdir(), "countersign-self-approval-"));
const ids = new Map<string, string>();
let stack: Stack;
let elsewhere: DevelopmentIssuer;
let scimUrl: string;
let agent: CountersignClient;

/** Needs somebody of both groups; nobody can be both. */
const CAMPAIGN: ActionInput = {
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "mail.campaign", properties: { segment: "vip" } },
  resource: { type: "list", id: "customers" },
  context: { environment: "production" },
};
const POLICY = `${starterPolicy().trimEnd()}

  - name: campaigns need both
    match: { actions: [mail.campaign] }
    outcome: review
    review: { quorum: 1 of data-owners and 1 of security }
  - name: purges for two, or for one in an emergency
    match: { actions: [db.purge] }
    outcome: review
    review: { quorum: 2 of data-owners, break_glass: { groups: [security, data-owners] } }
  - name: restores for two, or for whoever needs it
    match: { actions: [db.restore] }
    outcome: review
    review: { quorum: 2 of data-owners, break_glass: { groups: [data-owners], requester: true } }
  - name: exports for two
    match: { actions: [db.copy] }
    outcome: review
    review: { quorum: 2 of data-owners }
`;
const REASON = "the database is full, and nobody answers";
const PURGE: ActionInput = { ...EXPORT, action: { name: "db.purge", properties: {} } };
const RESTORE: ActionInput = { ...EXPORT, action: { name: "db.restore", properties: {} } };
const COPY: ActionInput = { ...EXPORT, action: { name: "db.copy", properties: {} } };

beforeAll(async () => {
  const port = await freePort();
  scimUrl = `http://127.0.0.1:${port}/scim/v2`;
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
  for (const name of ["agent-owner", "data-owner", "second-data-owner", "both", "deputy", "leaver", "security-lead"]) await user(name);
  await group("data-owners", ["agent-owner", "data-owner", "second-data-owner", "both", "leaver"]);
  await group("security", ["both", "security-lead"]);
  agent = await stack.as("crm-agent");
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("P3: the self-approval matrix, through the API", () => {
  const human = (id: string, more: Partial<DevelopmentPrincipal> = {}): DevelopmentPrincipal => ({
    id,
    type: "human",
    tenant: "acme",
    roles: ["requester", "reviewer"],
    // Whatever a token says of groups: the directory knows better.
    groups: ["data-owners", "security"],
    ...more,
  });
  const behind = (sub: string) => ({ sub: "copilot", principal_type: "agent", act: { sub, principal_type: "human" } }) as const;
  const through: DevelopmentPrincipal = { ...human("data-owner"), act: { sub: "copilot", principal_type: "agent" } };

  it.each<[string, DevelopmentPrincipal, DevelopmentPrincipal, string]>([
    ["the requester", human("data-owner"), human("data-owner"), "PERMISSION_DENIED SELF_APPROVAL"],
    [
      "the agent itself",
      DEVELOPMENT_PRINCIPALS["crm-agent"],
      { ...DEVELOPMENT_PRINCIPALS["crm-agent"], roles: ["reviewer"] },
      "PERMISSION_DENIED NOT_HUMAN",
    ],
    ["the agent's owner", DEVELOPMENT_PRINCIPALS["crm-agent"], human("agent-owner"), "PERMISSION_DENIED SELF_APPROVAL"],
    ["the human that an agent acts for", through, human("data-owner"), "PERMISSION_DENIED SELF_APPROVAL"],
    ["an agent with a reviewer's token", DEVELOPMENT_PRINCIPALS["crm-agent"], through, "PERMISSION_DENIED NOT_HUMAN"],
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
    ["of the human that an agent acts for", through, "here", alias("data-owner"), "elsewhere"],
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
    ["the human that an agent acts for", { ...through, id: "ghost" }, "here", `acting_for: ${ISSUER}#ghost`],
    ["a human in the middle of a chain", { ...through, act: behind("ghost") }, "here", `acting_for: ${ISSUER}#ghost`],
    ["a human who asks", human("ghost"), "here", `requester: ${ISSUER}#ghost`],
  ])("%s, unknown to the directory: nobody could approve it, which the requester hears at once", async (_who, requester, from, said) => {
    const client = await stack.as(requester, at[from]());
    const refused = await client.requestAction(PURGE).catch((error: unknown) => error);
    const { reason, metadata } = refused instanceof CountersignError ? refused : { reason: String(refused), metadata: {} };
    expect([reason, ...Object.entries(metadata).map(([part, account]) => `${part}: ${account}`)]).toEqual(["CAUSER_UNKNOWN", said]);
    // What needs no people goes on.
    expect(statusName((await client.requestAction(TAG_CHANGE)).action.status)).toBe("APPROVED");
  });

  it("an owner whom the directory knows no longer: no approval, no edit and no break-glass until it does, but a no", async () => {
    const id = await user("passing");
    const { action } = await (await stack.as(owned("passing"))).requestAction(PURGE);
    const second = await (await stack.as(owned("passing"))).requestAction(COPY);
    await scim("PATCH", `/Users/${id}`, {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [{ op: "replace", path: "userName", value: "passed" }],
    });
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
    await user("heir", { principals: [`${ISSUER}|passing`] });
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
    expect(voted?.review?.votes[0]?.inPlaceOf).toBe(ids.get("second-data-owner"));
    expect(await refusal(approve(await stack.as(human("second-data-owner")), action.id))).toBe("FAILED_PRECONDITION ALREADY_VOTED");
    expect(statusName((await approve(await stack.as(human("data-owner")), action.id))?.status ?? 0)).toBe("APPROVED");
  });

  it("somebody who leaves the group in mid-review does not count any more", async () => {
    const { action } = await agent.requestAction(COPY);
    const leaver = await stack.as(human("leaver"));
    await approve(leaver, action.id);
    await scim("PATCH", `/Groups/${ids.get("data-owners")}`, {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [{ op: "remove", path: `members[value eq "${ids.get("leaver")}"]` }],
    });
    const after = await approve(await stack.as(human("data-owner")), action.id);
    expect([statusName(after?.status ?? 0), after?.review?.approvals]).toEqual(["IN_REVIEW", 1]);
    const { action: whole } = await leaver.reviews.getReview({ actionId: action.id });
    expect(whole?.review?.votes.map(({ lapsed }) => lapsed)).toEqual([true, false]);
    expect(await refusal(approve(leaver, action.id))).toBe("PERMISSION_DENIED NOT_ELIGIBLE");
    expect(statusName((await approve(await stack.as(human("both")), action.id))?.status ?? 0)).toBe("APPROVED");
  });

  it.each<[string, DevelopmentPrincipal, DevelopmentPrincipal, ActionInput, string]>([
    ["the requester", human("data-owner"), human("data-owner"), PURGE, "PERMISSION_DENIED SELF_APPROVAL"],
    ["the agent's owner", DEVELOPMENT_PRINCIPALS["crm-agent"], human("agent-owner"), PURGE, "PERMISSION_DENIED SELF_APPROVAL"],
    ["the human that an agent acts for", through, human("data-owner"), PURGE, "PERMISSION_DENIED SELF_APPROVAL"],
    ["an agent with a reviewer's token", DEVELOPMENT_PRINCIPALS["crm-agent"], through, PURGE, "PERMISSION_DENIED NOT_HUMAN"],
    ["a group that only the token knows of", DEVELOPMENT_PRINCIPALS["crm-agent"], human("deputy"), PURGE, "PERMISSION_DENIED NOT_ELIGIBLE"],
    ["where policy allows nobody", DEVELOPMENT_PRINCIPALS["crm-agent"], human("both"), COPY, "FAILED_PRECONDITION BREAK_GLASS_NOT_ALLOWED"],
    ["of another tenant", DEVELOPMENT_PRINCIPALS["crm-agent"], human("data-owner", { tenant: "globex" }), PURGE, "NOT_FOUND NOT_FOUND"],
  ])("break-glass, not: %s", async (_who, requester, breaker, input, reason) => {
    const { action } = await (await stack.as(requester)).requestAction(input);
    const shown = await shownTo(await stack.as("operator"), action.id);
    const breaking = (await stack.as({ ...breaker, mfa: true })).reviews.breakGlass({ ...shown, reason: REASON });
    expect(await refusal(breaking)).toBe(reason);
  });

  it("break-glass: one alone, with a second factor; everybody skipped sees it, and another one has to look at it", async () => {
    const { action } = await agent.requestAction(PURGE);
    const lead = human("security-lead");
    const shown = await shownTo(await stack.as("operator"), action.id);
    const weak = (await stack.as(lead)).reviews.breakGlass({ ...shown, reason: REASON });
    expect(await refusal(weak)).toBe("PERMISSION_DENIED SIGN_IN_TOO_WEAK");
    const { action: broken } = await (await stack.as({ ...lead, mfa: true })).reviews.breakGlass({ ...shown, reason: REASON });
    expect([statusName(broken?.status ?? 0), broken?.afterReview]).toEqual(["APPROVED", AfterReviewState.OPEN]);
    const whole = async () => (await agent.actions.getAction({ actionId: action.id })).action;
    expect(await whole()).toMatchObject({ afterReview: { reason: REASON, usedBy: { id: "security-lead" } } });
    const close = { actionId: action.id, finding: AfterReviewFinding.JUSTIFIED, reason: "it was full" };
    const owner = await stack.as(human("data-owner"));
    await expect
      .poll(async () => (await owner.reviews.listReviews({ all: true })).reviews.find(({ id }) => id === action.id)?.afterReview)
      .toBe(true);
    for (const who of [lead, human("agent-owner")])
      expect(await refusal((await stack.as(who)).reviews.closeAfterReview(close)), who.id).toBe("PERMISSION_DENIED SELF_APPROVAL");
    const { action: closed } = await owner.reviews.closeAfterReview(close);
    expect(closed?.afterReview).toBe(AfterReviewState.CLOSED);
    expect(await whole()).toMatchObject({ afterReview: { closedBy: { id: "data-owner" }, findingReason: "it was full" } });
    await expect
      .poll(async () => (await owner.reviews.listReviews({ all: true })).reviews.find(({ id }) => id === action.id))
      .toBeUndefined();
  });

  it("break-glass: the requester's own human only where policy says so", async () => {
    const { action } = await (await stack.as(through)).requestAction(RESTORE);
    const shown = await shownTo(await stack.as("operator"), action.id);
    const asOwner = await stack.as({ ...human("data-owner"), mfa: true });
    const { action: broken } = await asOwner.reviews.breakGlass({ ...shown, reason: REASON });
    expect(statusName(broken?.status ?? 0)).toBe("APPROVED");
    const close = { actionId: action.id, finding: AfterReviewFinding.JUSTIFIED, reason: "mine" };
    expect(await refusal(asOwner.reviews.closeAfterReview(close))).toBe("PERMISSION_DENIED SELF_APPROVAL");
  });

  async function delegate(from: string, to: string): Promise<void> {
    const untilTime = timestampFromMs(Date.now() + 3_600_000);
    await (await stack.as(human(from))).directory.createDelegation({ to, untilTime });
  }
});

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

async function scim(method: string, path: string, body: object): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/scim+json" };
  const response = await fetch(`${scimUrl}${path}`, { method, headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`SCIM answered ${response.status}: ${text}`);
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** By which the other provider's tokens name the same human. */
function aliasOf(userName: string): string {
  return `staff-${userName}`;
}

const OWN = "urn:ietf:params:scim:schemas:extension:countersign:2.0:User";

async function user(userName: string, own: object = {}): Promise<string> {
  const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User", OWN];
  const made = await scim("POST", "/Users", { schemas, userName, externalId: aliasOf(userName), active: true, [OWN]: own });
  ids.set(userName, String(made["id"]));
  return String(made["id"]);
}

async function group(displayName: string, members: readonly string[]): Promise<void> {
  const schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
  const made = await scim("POST", "/Groups", { schemas, displayName, members: members.map((name) => ({ value: ids.get(name) })) });
  ids.set(displayName, String(made["id"]));
}
