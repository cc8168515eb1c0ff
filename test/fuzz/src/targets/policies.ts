import { compileText } from "../../../../services/policy/src/adapters/compile-text.ts";
import { explain } from "../../../../services/policy/src/domain/evaluate.ts";
import { input } from "../../../../services/policy/src/testing/policies.ts";
import { starterPolicy } from "@countersign/policy";
import { textOf, texts, type Target } from "../engine/target.ts";

const everything = `apiVersion: countersign.dev/v1
kind: Policy
metadata: { name: all, description: "x" }
binding_context: [environment, &e run_id]
defaults:
  review: { timeout: 4h, quorum: { any_of: [{ group: sre }], count: 2 } }
  grant: { lifetime: 5m }
risk:
  - { points: 20, reason: "production", when: 'context.environment == "production"' }
rules:
  - name: no-drops
    match: { actions: ["db.**", "k8s.*.delete"], principals: { types: [agent] }, hours: { timezone: Europe/Berlin, from: "08:00", to: "18:00" } }
    when: >-
      has(action.properties.rows) && action.properties.rows > 10 && "sre" in principal.groups
    outcome: deny
    reason: too much
  - name: rest
    outcome: review
    review:
      timeout: 30m
      stages:
        - { name: one, quorum: "2 of sre and 1 of security", reviewers: [{ group: sre }, { person: alice }, { on_call: night }] }
      editable: { rows: { type: integer, maximum: 10 } }
`;

/** Policy documents, as they are published: compiled, and asked for a verdict when they compile. */
export const policies: Target = {
  name: "policies",
  kind: "text",
  refusals: [],
  quick: 25,
  words: [
    "match",
    "when",
    "outcome",
    "review",
    "stages",
    "quorum",
    "allow",
    "deny",
    "escalation",
    "editable",
    "risk",
    "points",
    "hours",
    "&a",
    "*a",
    "*e",
    "<<: *e",
    "!!binary",
    "!!set",
    "? ",
    "|",
    ">-",
    "---",
    "...",
    "%YAML 1.1",
    "- - - ",
    "{}",
    "[]",
    '"',
    "1 of sre",
  ],
  prepare: () => ({
    seeds: texts(starterPolicy(), everything, everything.replace("&e ", "")),
    run: (bytes) => {
      const compiled = compileText(textOf(bytes));
      if (!compiled.ok) return JSON.stringify(compiled.problems);
      return JSON.stringify(explain(compiled.policy, input, 1));
    },
  }),
};
