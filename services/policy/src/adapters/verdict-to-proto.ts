import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { EvaluateResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import type { RuleTraceSchema } from "@countersign/proto/v1/action_service_pb";
import { VerdictOutcome, type VerdictSchema } from "@countersign/proto/v1/action_pb";
import type { RuleTrace } from "../domain/evaluate.ts";
import type { Verdict } from "../domain/verdict.ts";

const OUTCOMES = { allow: VerdictOutcome.ALLOW, deny: VerdictOutcome.DENY, review: VerdictOutcome.REVIEW } as const;

export function toVerdictMessage(verdict: Verdict): MessageInitShape<typeof VerdictSchema> {
  const { rule, reasons, bindingContext } = verdict;
  const common = {
    outcome: OUTCOMES[verdict.outcome],
    revision: BigInt(verdict.revision),
    rule,
    reasons: [...reasons],
    bindingContext: [...bindingContext],
  };
  switch (verdict.outcome) {
    case "deny":
      return common;
    case "allow":
      return { ...common, grantSeconds: verdict.grantSeconds };
    case "review": {
      const stages = verdict.review.stages.map(({ name, groups, quorum }) => ({ name, groups: [...groups], quorum }));
      return { ...common, stages, reviewSeconds: verdict.review.seconds, grantSeconds: verdict.grantSeconds };
    }
  }
}

export function toTraceMessage({ rule, matched, outcome, note }: RuleTrace): MessageInitShape<typeof RuleTraceSchema> {
  return { rule, matched, outcome: OUTCOMES[outcome], note };
}

export function encodeEvaluateResponse(verdict: Verdict, documentDigest: string): Uint8Array {
  const policyDigest = Buffer.from(documentDigest, "hex");
  return toBinary(EvaluateResponseSchema, create(EvaluateResponseSchema, { verdict: toVerdictMessage(verdict), policyDigest }));
}
