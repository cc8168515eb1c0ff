import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type QuorumSchema, ReviewMode, TimeoutAction, VerdictOutcome, VerdictSchema } from "@countersign/proto/v1/action_pb";
import { SignInStrength } from "@countersign/proto/v1/principal_pb";
import { describe, expect, it } from "vitest";
import { evaluate } from "../domain/evaluate.ts";
import type { EvaluationInput } from "../domain/input.ts";
import { input } from "../testing/policies.ts";
import { compileText } from "./compile-text.ts";
import { toVerdictMessage } from "./verdict-to-proto.ts";

const HEAD = `apiVersion: countersign.dev/v1
kind: Policy
metadata: { name: x }
binding_context: [run_id, environment]
risk:
  - { points: 40, reason: many rows, when: action.properties.rows > 5.0 }
`;

/** No member of it is what it would be by default. */
const REVIEWED = `${HEAD}rules:
  - name: exports
    outcome: review
    reason: customers leave the house
    grant: { lifetime: 90s }
    review:
      deadline: 2h
      stages:
        - name: owners
          mode: confirm
          people: [ada]
          resource_owner: true
          requester_manager: true
          quorum: 2
          on_timeout: escalate
          escalate: { after: 30m, to: { on_call: [data] } }
          remind: [20m, 10m]
          reason: required
          sign_in: session
        - name: security
          groups: [security, sre]
          quorum: (2 of security or 1 of sre) and 1 of sre
          distinct: teams
          on_timeout: hold
          deadline: 10m
          sign_in: mfa
      editable: { rows: { type: number, maximum: 100 } }
      break_glass: { groups: [incident], requester: true }
      owner_may_approve: true
`;

const ALLOWED = `${HEAD}rules:
  - { name: reads, outcome: allow, grant: { lifetime: 7m } }
`;

function decided(text: string, asked: Partial<EvaluationInput> = {}) {
  const compiled = compileText(text);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return create(VerdictSchema, toVerdictMessage(evaluate(compiled.policy, { ...input, ...asked }, 7)));
}

const atLeast = (count: number, group: string): MessageInitShape<typeof QuorumSchema> => ({
  rule: { case: "atLeast", value: { count, of: [{ who: { case: "group", value: group } }] } },
});

describe("toVerdictMessage", () => {
  it("says all that a document says about a review", () => {
    const resource = { ...input.resource, properties: { owner: "grace" } };
    expect(decided(REVIEWED, { resource })).toEqual(
      create(VerdictSchema, {
        outcome: VerdictOutcome.REVIEW,
        revision: 7n,
        rule: "exports",
        reasons: ["customers leave the house"],
        bindingContext: ["environment", "run_id"],
        risk: [{ points: 40, reason: "many rows" }],
        grantSeconds: 90,
        stages: [
          {
            name: "owners",
            quorum: {
              rule: {
                case: "atLeast",
                value: {
                  count: 2,
                  of: [
                    { who: { case: "person", value: "ada" } },
                    { who: { case: "person", value: "grace" } },
                    { who: { case: "requesterManager", value: true } },
                  ],
                },
              },
            },
            quorumText: "2 of person ada, resource-owner, requester-manager",
            distinctTeams: false,
            seconds: 7200,
            reminderSeconds: [600, 1200],
            escalation: { afterSeconds: 1800, to: [{ who: { case: "onCall", value: "data" } }] },
            onTimeout: TimeoutAction.ESCALATE,
            mode: ReviewMode.CONFIRM,
            approveNeedsReason: true,
            leastSignIn: SignInStrength.SESSION,
          },
          {
            name: "security",
            quorum: {
              rule: {
                case: "all",
                value: {
                  of: [{ rule: { case: "any", value: { of: [atLeast(2, "security"), atLeast(1, "sre")] } } }, atLeast(1, "sre")],
                },
              },
            },
            quorumText: "(2 of security or 1 of sre) and 1 of sre",
            distinctTeams: true,
            seconds: 600,
            reminderSeconds: [],
            onTimeout: TimeoutAction.HOLD,
            mode: ReviewMode.FOUR_EYES,
            approveNeedsReason: false,
            leastSignIn: SignInStrength.MFA,
          },
        ],
        terms: {
          editable: '{"rows":{"type":"number","maximum":100}}',
          ownerMayApprove: true,
          breakGlass: { groups: ["incident"], requester: true },
        },
      }),
    );
  });

  it("says how long the grant of what is allowed lasts", () => {
    expect(decided(ALLOWED)).toEqual(
      create(VerdictSchema, {
        outcome: VerdictOutcome.ALLOW,
        revision: 7n,
        rule: "reads",
        reasons: ['rule "reads" says allow'],
        bindingContext: ["environment", "run_id"],
        risk: [{ points: 40, reason: "many rows" }],
        grantSeconds: 420,
      }),
    );
  });
});
