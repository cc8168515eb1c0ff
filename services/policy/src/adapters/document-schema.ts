import { z } from "zod";
import { WEEKDAYS } from "../domain/document.ts";
import { dottedPatternProblem } from "../domain/glob.ts";
import { isTimezone, parseTimeOfDay } from "../domain/hours.ts";
import { crossProblems } from "./document-cross-checks.ts";
import { durationSchema } from "./duration.ts";
import { review } from "./review-schema.ts";
import { list, text } from "./schema-parts.ts";

const LONGEST_GRANT = "24h";

/** The most rules a document may have. */
export const MAX_RULES = 1000;
/** The most risks a document may have. */
export const MAX_RISKS = 50;
const MAX_RISK_SCORE = MAX_RISKS * 100;
/** The longest condition, in characters. */
export const MAX_CONDITION_LENGTH = 4096;

const grant = z.strictObject({ lifetime: durationSchema(LONGEST_GRANT).describe("How long a grant may be redeemed.") });

const dottedPattern = text(128).superRefine((value, context) => {
  const problem = dottedPatternProblem(value);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

const timeOfDay = z
  .string()
  .refine((value) => parseTimeOfDay(value) !== undefined, 'must be a time of day such as "08:00", "24:00" at most');

const hours = z
  .strictObject({
    timezone: z.string().max(64).refine(isTimezone, "must be an IANA timezone such as Europe/Berlin"),
    days: list(z.enum(WEEKDAYS), 7).optional().describe("Absent: every day."),
    from: timeOfDay.default("00:00"),
    to: timeOfDay.default("24:00").describe("Exclusive. Before `from`: on the next day."),
  })
  .superRefine((value, context) => {
    if (value.from === value.to) context.addIssue({ code: "custom", path: ["to"], message: "must differ from `from`" });
  });

const match = z.strictObject({
  actions: list(dottedPattern, 100).optional().describe("Dotted patterns: * is one segment, ** any number of them."),
  resources: list(z.strictObject({ type: text(64).optional(), id: text(256).optional() }), 100)
    .optional()
    .describe("* is any run of characters."),
  environments: list(text(64), 20).optional().describe("Values of context.environment."),
  subjects: list(z.enum(["human", "agent", "service"]), 3)
    .optional()
    .describe("The requester's type of principal."),
  hours: hours.optional(),
  risk: z.int().min(1).max(MAX_RISK_SCORE).optional().describe("The risk score is at least this."),
});

const risk = z.strictObject({
  when: text(MAX_CONDITION_LENGTH).optional().describe("CEL condition; absent means always."),
  points: z.int().min(1).max(100).describe("Added to the risk score while the condition holds, or cannot be evaluated."),
  reason: text(500).describe("For people."),
});

const rule = z
  .strictObject({
    name: text(128).describe("Unique in the document."),
    match: match.default({}).describe("Every part that is given must hold."),
    when: text(MAX_CONDITION_LENGTH).optional().describe("CEL condition; absent means true."),
    outcome: z.enum(["allow", "deny", "review"]),
    reason: text(500).optional().describe("For people."),
    review: review.optional(),
    grant: grant.optional(),
  })
  .superRefine((value, context) => {
    if (value.review !== undefined && value.outcome !== "review")
      context.addIssue({ code: "custom", path: ["review"], message: `has no meaning with outcome ${value.outcome}` });
    if (value.grant !== undefined && value.outcome === "deny")
      context.addIssue({ code: "custom", path: ["grant"], message: "has no meaning with outcome deny" });
  });

/** The structure of a policy document, version 1. */
export const documentSchema = z
  .strictObject({
    apiVersion: z.literal("countersign.dev/v1"),
    kind: z.literal("Policy"),
    metadata: z.strictObject({ name: text(64), description: text(2000).optional() }),
    binding_context: z.array(text(64)).max(20).default([]).describe("Members of context that the action digest covers."),
    defaults: z
      .strictObject({
        review: review.optional().describe("For actions that no rule matches; absent: they are denied."),
        grant: grant.optional(),
      })
      .default({}),
    risk: z.array(risk).max(MAX_RISKS, `must have at most ${MAX_RISKS} members`).default([]).describe("What makes an action risky."),
    rules: z.array(rule).max(MAX_RULES, `must have at most ${MAX_RULES} members`),
  })
  .superRefine(
    (value: unknown, context) => {
      for (const { path, message } of crossProblems(value)) context.addIssue({ code: "custom", path: [...path], message });
    },
    { when: () => true },
  );

export type DocumentText = z.output<typeof documentSchema>;
