import type { MessageInitShape } from "@bufbuild/protobuf";
import { encodeMessage } from "@countersign/events";
import { EvaluateResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import type { RuleTraceSchema } from "@countersign/proto/v1/action_service_pb";
import { VerdictOutcome, type VerdictSchema } from "@countersign/proto/v1/action_pb";
import type { RuleTrace } from "../domain/evaluate.ts";
import type { Verdict } from "../domain/verdict.ts";
import { toStageMessage, toTermsMessage } from "./review-to-proto.ts";

const OUTCOMES = { allow: VerdictOutcome.ALLOW, deny: VerdictOutcome.DENY, review: VerdictOutcome.REVIEW } as const;

export function toVerdictMessage(verdict: Verdict): MessageInitShape<typeof VerdictSchema> {
  const { rule, reasons, bindingContext, risk } = verdict;
  const common = {
    outcome: OUTCOMES[verdict.outcome],
    revision: BigInt(verdict.revision),
    rule,
    reasons: [...reasons],
    bindingContext: [...bindingContext],
    risk: risk.map(({ points, reason }) => ({ points, reason })),
  };
  switch (verdict.outcome) {
    case "deny":
      return common;
    case "allow":
      return { ...common, grantSeconds: verdict.grantSeconds };
    case "review": {
      const { review, grantSeconds } = verdict;
      return { ...common, stages: review.stages.map(toStageMessage), terms: toTermsMessage(review.terms), grantSeconds };
    }
  }
}

export function toTraceMessage({ rule, matched, outcome, note }: RuleTrace): MessageInitShape<typeof RuleTraceSchema> {
  return { rule, matched, outcome: OUTCOMES[outcome], note };
}

export function encodeEvaluateResponse(verdict: Verdict, documentDigest: string): Uint8Array {
  const policyDigest = Buffer.from(documentDigest, "hex");
  return encodeMessage(EvaluateResponseSchema, { verdict: toVerdictMessage(verdict), policyDigest });
}
