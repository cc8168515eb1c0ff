import { shownTo } from "@countersign/client/testing";
import type { CountersignClient } from "@countersign/client";
import type { BacktestResult, PolicyDifference } from "@countersign/proto/v1/policy_service_pb";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startStack, type Stack } from "./stack.ts";

/** Looks at all that a document can look at, and answers in every way. */
const DOCUMENT = `apiVersion: countersign.dev/v1
kind: Policy
metadata: { name: everything }
binding_context: [environment, command]
defaults: { review: { groups: [data-owners], deadline: 2h }, grant: { lifetime: 7m } }
risk:
  - { when: context.environment == "prod", points: 40, reason: production }
  - { when: action.properties.rows > 100.0, points: 30, reason: many }
rules:
  - { name: odd, match: { actions: [clock.odd] }, when: now.getMilliseconds() % 2 == 1, outcome: allow, grant: { lifetime: 3m } }
  - { name: day, match: { actions: [clock.day], hours: { timezone: Europe/Berlin, to: "12:00" } }, outcome: allow }
  - { name: night, match: { actions: [clock.day], hours: { timezone: Europe/Berlin, from: "12:00" } }, outcome: deny }
  - name: owner
    match: { actions: [owned] }
    outcome: review
    review: { resource_owner: true, people: [ann], escalate: { after: 10m, to: { resource_owner: true, groups: [security] } }, remind: [5m], on_timeout: hold }
  - name: caused
    match: { actions: [caused] }
    when: principal.chain.exists(one, one.id == "crm-agent") || principal.owner.id == "agent-owner"
    outcome: review
    review: { mode: confirm, sign_in: mfa }
  - { name: member, match: { actions: [member] }, when: 'principal.groups.exists(group, group == "data-owners")', outcome: allow }
  - { name: doubted, match: { actions: [doubted] }, when: action.properties.absent == 1.0, outcome: review, review: { groups: [security] } }
  - { name: sent so, match: { actions: [sent] }, when: 'action.properties.map(name, name)[0] == "zone" || 1.0 / action.properties.rows < 0.0', outcome: allow }
  - name: staged
    match: { actions: [staged], risk: 30 }
    outcome: review
    review:
      stages:
        - { name: one, quorum: 1 of data-owners and 1 of security, distinct: teams, reason: required }
        - { name: two, requester_manager: true, deadline: 30m }
      editable: { rows: { type: number } }
      break_glass: { groups: [platform-oncall], requester: true }
      owner_may_approve: true
  - { name: many, match: { actions: [edited] }, when: action.properties.rows >= 50.0, outcome: review, review: { groups: [data-owners], editable: { rows: { type: number } } } }
  - { name: few, match: { actions: [edited] }, when: action.properties.rows < 50.0, outcome: review, review: { groups: [security] } }
`;
const ASKED = ["clock.odd", "clock.odd", "clock.odd", "clock.day", "owned", "caused", "member", "doubted", "staged", "other"];

let stack: Stack;
let admin: CountersignClient;

beforeAll(async () => {
  stack = await startStack();
  admin = await stack.as("policy-admin");
  const { revision } = await admin.policies.publishPolicy({ document: DOCUMENT });
  await admin.policies.activatePolicy({ revision: revision?.revision ?? 0n });
});
afterAll(() => stack.close());

async function backtested(document: string) {
  const differences: PolicyDifference[] = [];
  let result: BacktestResult | undefined;
  for await (const { message } of admin.policies.backtestPolicy({ document })) {
    if (message.case === "difference") differences.push(message.value);
    if (message.case === "result") result = message.value;
  }
  return { differences, result };
}

const request = (by: CountersignClient, name: string, properties: { readonly [name: string]: number }) =>
  by.requestAction({
    subject: { type: "agent", id: "crm-agent" },
    action: { name, properties },
    resource: { type: "database", id: "crm", properties: { owner: "bob" } },
    context: { environment: "prod", command: `${name} crm` },
  });

it("P5: of the document in force finds no difference, whatever was asked, when and by whom", async () => {
  const delegated = { id: "agent-owner", type: "human", tenant: "acme", roles: ["requester"], act: { sub: "crm-agent" } } as const;
  for (const who of ["crm-agent", "ci-runner", "data-owner", delegated] as const) {
    const by = await stack.as(who);
    for (const name of ASKED) await request(by, name, { rows: 120.5 });
    // The log has members in their canonical order, and 0.
    await request(by, "sent", { zone: 1, rows: 2 });
    await request(by, "sent", { rows: -0 });
  }
  const { action } = await request(await stack.as("crm-agent"), "edited", { rows: 80 });
  const reviewer = await stack.as("data-owner");
  const decision = { case: "edit", value: { properties: { rows: 20 }, reason: "less" } } as const;
  await reviewer.reviews.submitVote({ ...(await shownTo(reviewer, action.id)), decision });

  const same = await backtested(DOCUMENT);
  expect(same.differences).toEqual([]);
  expect(same.result).toMatchObject({ judged: 50n, different: 0n });
  expect(same.result?.rules.filter(({ decides }) => decides === 0n).map(({ rule }) => rule)).not.toContain("few");
  const { differences } = await backtested(DOCUMENT.replace("< 50.0", "< 5.0"));
  expect(differences).toMatchObject([{ actionId: action.id, was: { rule: "few" }, wouldBe: { rule: "" } }]);
});
