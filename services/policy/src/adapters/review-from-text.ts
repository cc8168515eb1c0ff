import type { ReviewSpec, Stage } from "../domain/document.ts";
import { parseQuorum, quorumText } from "../domain/quorum-text.ts";
import type { Quorum } from "../domain/reviewers.ts";
import { durationSeconds } from "./duration.ts";
import type { ReviewText, StageText } from "./review-schema.ts";
import { selectorsFromText } from "./reviewers-schema.ts";

/** A review in the words of the domain, with every default filled in. */
export function toReview(review: ReviewText): ReviewSpec {
  const stages = review.stages ?? [{ ...review, name: "review" }];
  return {
    stages: stages.map((stage) => toStage(stage.name, stage, review.deadline)),
    terms: {
      editable: review.editable === undefined ? "" : JSON.stringify(review.editable),
      ownerMayApprove: review.owner_may_approve,
      breakGlass: review.break_glass,
    },
  };
}

function toStage(name: string, text: StageText, usualDeadline: string): Stage {
  const quorum = toQuorum(text);
  return {
    name,
    quorum,
    quorumText: quorumInWords(quorum),
    distinctTeams: text.distinct === "teams",
    seconds: durationSeconds(text.deadline ?? usualDeadline),
    reminderSeconds: [...new Set(text.remind?.map(durationSeconds))].sort((one, other) => one - other),
    escalation: text.escalate && { afterSeconds: durationSeconds(text.escalate.after), to: selectorsFromText(text.escalate.to) },
    onTimeout: text.on_timeout ?? "deny",
    mode: text.mode ?? "four_eyes",
    approveNeedsReason: text.reason === "required",
    leastSignIn: text.sign_in ?? "any",
  };
}

function toQuorum(text: StageText): Quorum {
  const parsed = parseQuorum(text.quorum ?? 1, selectorsFromText(text));
  if (!parsed.ok) throw new Error("the schema lets no quorum pass that does not parse");
  return parsed.quorum;
}

/** A stage in mode confirm may list nobody: then it is for the requester's own human. */
function quorumInWords(quorum: Quorum): string {
  return quorum.kind === "at_least" && quorum.of.length === 0 ? `${quorum.count} of the requester's own` : quorumText(quorum);
}
