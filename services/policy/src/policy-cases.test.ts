import { readdirSync, readFileSync } from "node:fs";
import { type CaseInput, parsePolicyCases, unexpectedIn } from "@countersign/policy-cases";
import { describe, expect, it } from "vitest";
import { compileText } from "./adapters/compile-text.ts";
import { evaluate } from "./domain/evaluate.ts";
import type { EvaluationInput } from "./domain/input.ts";
import { riskScore } from "./domain/risk.ts";
import type { Verdict } from "./domain/verdict.ts";

const DIRECTORY = new URL("../testdata/", import.meta.url);

function toInput({ action, properties, resource, context, principal, time = "2026-11-23T10:00:00Z" }: CaseInput): EvaluationInput {
  const issuer = "https://issuer.example";
  const ref = (id: string) => ({ issuer, id });
  const { owner, chain, ...rest } = principal;
  return {
    principal: { ...rest, tenant: "acme", issuer, chain: chain.map(ref), owner: owner === undefined ? undefined : ref(owner) },
    subject: { type: principal.type, id: principal.id, properties: {} },
    action: { name: action, properties },
    resource,
    context,
    timeMs: Date.parse(time),
  };
}

function answerOf(verdict: Verdict) {
  const stages = verdict.outcome === "review" ? verdict.review.stages : [];
  return {
    outcome: verdict.outcome,
    rule: verdict.rule,
    reasons: [...verdict.reasons],
    quorum: stages[0]?.quorumText ?? "",
    stages: stages.map(({ name }) => name),
    review_seconds: stages[0]?.seconds ?? 0,
    grant_seconds: verdict.outcome === "deny" ? 0 : verdict.grantSeconds,
    risk: riskScore(verdict.risk),
  };
}

for (const file of readdirSync(DIRECTORY).filter((name) => name.endsWith(".yaml"))) {
  describe(`testdata/${file}`, () => {
    const { policy, cases } = parsePolicyCases(readFileSync(new URL(file, DIRECTORY), "utf8"));
    const compiled = compileText(typeof policy === "string" ? readFileSync(new URL(policy, DIRECTORY), "utf8") : JSON.stringify(policy));

    it.each(cases.map((one) => [one.name, one] as const))("%s", (_name, one) => {
      if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
      expect(unexpectedIn(answerOf(evaluate(compiled.policy, toInput(one.input), 1)), one.expect)).toEqual([]);
    });
  });
}
