import { VerdictOutcome, type Stage as StageMessage, type Verdict as VerdictMessage } from "@countersign/proto/v1/action_pb";
import type { Stage, Verdict } from "../../domain/values.ts";

const OUTCOMES: Readonly<Record<Verdict["outcome"], VerdictOutcome>> = {
  allow: VerdictOutcome.ALLOW,
  deny: VerdictOutcome.DENY,
  review: VerdictOutcome.REVIEW,
};

export function toVerdictMessage({ outcome, revision, stages, reasons, bindingContext, ...rest }: Verdict) {
  return {
    ...rest,
    outcome: OUTCOMES[outcome],
    revision: BigInt(revision),
    reasons: [...reasons],
    stages: stages.map(toStageMessage),
    bindingContext: [...bindingContext],
  };
}

export function toStageMessage({ name, groups, quorum }: Stage) {
  return { name, groups: [...groups], quorum };
}

export function fromStageMessage({ name, groups, quorum }: StageMessage): Stage {
  return { name, groups, quorum };
}

/** Undefined for an outcome that this build does not know: it is never an allow. */
export function fromVerdictMessage(message: VerdictMessage): Verdict | undefined {
  const outcome = fromOutcome(message.outcome);
  if (outcome === undefined) return undefined;
  const { revision, rule, reasons, stages, reviewSeconds, grantSeconds, bindingContext } = message;
  return {
    outcome,
    revision: Number(revision),
    rule,
    reasons,
    stages: stages.map(fromStageMessage),
    reviewSeconds,
    grantSeconds,
    bindingContext,
  };
}

function fromOutcome(outcome: VerdictOutcome): Verdict["outcome"] | undefined {
  switch (outcome) {
    case VerdictOutcome.ALLOW:
      return "allow";
    case VerdictOutcome.DENY:
      return "deny";
    case VerdictOutcome.REVIEW:
      return "review";
    default:
      return undefined;
  }
}
