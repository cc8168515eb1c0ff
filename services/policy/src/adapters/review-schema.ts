import { z } from "zod";
import { SIGN_INS } from "../domain/document.ts";
import { parseQuorum } from "../domain/quorum-text.ts";
import { quorumReachProblem } from "../domain/reviewers.ts";
import { repeated } from "./document-cross-checks.ts";
import { durationSchema, durationSeconds } from "./duration.ts";
import { editableSchema } from "./editable-schema.ts";
import { reviewerMembers, selectorsFromText } from "./reviewers-schema.ts";
import { list, text } from "./schema-parts.ts";

const LONGEST_STAGE = "30d";

const escalation = z.strictObject({
  after: durationSchema(LONGEST_STAGE).describe("After the stage opened."),
  to: z.strictObject(reviewerMembers).describe("They count for whatever the quorum still needs."),
});

/** What a stage says of itself; a review of one stage says it without naming one. */
const stageMembers = {
  ...reviewerMembers,
  quorum: z
    .union([z.int().min(1).max(100), text(1000)])
    .optional()
    .describe('Distinct humans who must approve: a number of those listed, or text such as "2 of sre and 1 of security". Default: 1.'),
  distinct: z.enum(["people", "teams"]).optional().describe("teams: no two approvals that count are of one team. Default: people."),
  remind: list(durationSchema(LONGEST_STAGE), 10).optional().describe("How long after its opening reviewers are reminded."),
  escalate: escalation.optional().describe("Who is asked as well when nobody has decided."),
  on_timeout: z.enum(["deny", "hold", "escalate"]).optional().describe("What happens at the deadline. Default: deny."),
  mode: z
    .enum(["four_eyes", "confirm"])
    .optional()
    .describe("confirm: the human that the requester acts for, or its owner, may decide too. Default: four_eyes."),
  reason: z
    .enum(["required", "optional"])
    .optional()
    .describe("Whether an approval needs one; a rejection always does. Default: optional."),
  sign_in: z.enum(SIGN_INS).optional().describe("The least strength of a reviewer's sign-in. Default: any."),
};

const breakGlass = z.strictObject({
  groups: list(text(128), 50).describe("Members of these groups. Another reviewer of the stages must say afterwards whether it was right."),
  requester: z.boolean().default(false).describe("Also the human who asked, or whom the requester acts for, or its owner."),
});

const deadline = durationSchema(LONGEST_STAGE);

const stage = z
  .strictObject({ name: text(64), ...stageMembers, deadline: deadline.optional().describe("From its opening. Default: the review's.") })
  .superRefine(checkStage);

/** The human part of a rule. */
export const review = z
  .strictObject({
    ...stageMembers,
    stages: list(stage, 10).optional().describe("Several steps, one after the other, in place of what makes one step."),
    deadline: deadline.default("1h").describe("Of each stage that has none of its own."),
    editable: editableSchema.optional().describe("Members of action.properties that a reviewer may change, with the JSON Schema of each."),
    break_glass: breakGlass
      .optional()
      .describe("Who may approve alone in an emergency, with a second factor and a reason. Default: nobody."),
    owner_may_approve: z.boolean().default(false).describe("The requesting agent's owner is not barred from deciding."),
  })
  .superRefine((value, context) => {
    if (value.break_glass !== undefined && (value.stages ?? [value]).every(asksNobody)) {
      context.addIssue({ code: "custom", path: ["break_glass"], message: "needs a stage that names reviewers, who look at it afterwards" });
    }
    if (value.stages === undefined) return checkStage(value, context);
    for (const name of Object.keys(stageMembers)) {
      if (Object.hasOwn(value, name)) context.addIssue({ code: "custom", path: [name], message: "belongs to each stage" });
    }
    for (const index of repeated(value.stages.map(({ name }) => name))) {
      context.addIssue({ code: "custom", path: ["stages", index, "name"], message: "another stage has this name" });
    }
  });

const stageText = z.object({ ...stageMembers, deadline: z.string().optional() });
export type StageText = z.output<typeof stageText>;
export type ReviewText = z.output<typeof review>;

/** A stage for the requester's own human alone. */
function asksNobody(given: StageText): boolean {
  return typeof given.quorum !== "string" && selectorsFromText(given).length === 0;
}

function quorumProblem({ quorum = 1, escalate, mode, ...listed }: StageText): string | undefined {
  const parsed = parseQuorum(quorum, selectorsFromText(listed));
  if (!parsed.ok) return `column ${parsed.problem.column}: ${parsed.problem.message}`;
  // Whom else a stage that confirms takes is known with the request only.
  return mode === "confirm" ? undefined : quorumReachProblem(parsed.quorum, escalate && selectorsFromText(escalate.to));
}

/** What is wrong between the members of a stage. */
function checkStage(given: StageText, context: z.RefinementCtx): void {
  const issue = (path: string[], message: string): void => context.addIssue({ code: "custom", path, message });
  const { escalate, on_timeout: onTimeout } = given;
  if (asksNobody(given)) {
    if (given.mode !== "confirm")
      issue([], "needs reviewers: groups, people, on_call, resource_owner or requester_manager, or a quorum that names them");
  } else {
    const problem = quorumProblem(given);
    if (problem !== undefined) issue(["quorum"], problem);
  }
  if (onTimeout === "escalate" && escalate === undefined) issue(["escalate"], "is needed, as on_timeout is escalate");
  if (escalate !== undefined && selectorsFromText(escalate.to).length === 0) issue(["escalate", "to"], "needs reviewers");
  if (given.deadline === undefined) return;
  const seconds = durationSeconds(given.deadline);
  if (escalate !== undefined && durationSeconds(escalate.after) >= seconds) issue(["escalate", "after"], "must be before the deadline");
  if (given.remind?.some((after) => durationSeconds(after) >= seconds)) issue(["remind"], "must be before the deadline");
}
