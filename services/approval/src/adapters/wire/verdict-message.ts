import { encodePart } from "@countersign/events";
import { VerdictOutcome, VerdictSchema, type Verdict as VerdictMessage } from "@countersign/proto/v1/action_pb";
import type { Verdict } from "../../domain/values.ts";
import { oncePer } from "./once-per.ts";
import { encodedStage, fromStageMessage } from "./stage-message.ts";

const OUTCOMES: Readonly<Record<Verdict["outcome"], VerdictOutcome>> = {
  allow: VerdictOutcome.ALLOW,
  deny: VerdictOutcome.DENY,
  review: VerdictOutcome.REVIEW,
};

/** It goes into the event and into every reply. */
export const encodedVerdict = oncePer(({ outcome, revision, stages, terms, ...rest }: Verdict) =>
  encodePart(VerdictSchema, {
    ...rest,
    outcome: OUTCOMES[outcome],
    revision: BigInt(revision),
    stages: stages.map(encodedStage),
    ...(outcome === "review" && { terms: toTermsMessage(terms) }),
  }),
);

function toTermsMessage({ editable, ownerMayApprove, breakGlass }: Verdict["terms"]) {
  return { editable, ownerMayApprove, breakGlass };
}

/** Undefined for an outcome or a stage that this build does not know: it is never an allow. */
export function fromVerdictMessage(message: VerdictMessage): Verdict | undefined {
  const outcome = fromOutcome(message.outcome);
  const stages = message.stages.map(fromStageMessage).filter((stage) => stage !== undefined);
  if (outcome === undefined || stages.length < message.stages.length) return undefined;
  const { revision, rule, reasons, grantSeconds, bindingContext, terms } = message;
  return {
    outcome,
    revision: Number(revision),
    rule,
    reasons,
    stages,
    grantSeconds,
    bindingContext,
    risk: message.risk.map(({ points, reason }) => ({ points, reason })),
    terms: {
      editable: terms?.editable ?? "",
      ownerMayApprove: terms?.ownerMayApprove ?? false,
      breakGlass: terms?.breakGlass && { groups: terms.breakGlass.groups, requester: terms.breakGlass.requester },
    },
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
