import { z } from "zod";

const text = z.string().min(1, "must not be empty");
const members = z.record(z.string(), z.json());

const resource = z.strictObject({ type: text, id: text, properties: members.optional() });

const principal = z.strictObject({
  type: z.enum(["human", "agent", "service"]),
  id: text,
  groups: z.array(z.string()).optional(),
  roles: z.array(z.string()).optional(),
  owner: text.optional().describe("The human who answers for it: an id at the same issuer, or <issuer>#<id>."),
  chain: z.array(text).optional().describe("Whom it acts for or through, named alike, nearest first."),
});

const circumstances = {
  properties: members.optional().describe("The action's properties."),
  resource: resource.partial().optional(),
  context: members.optional(),
  principal: principal.partial().optional().describe("Who asks."),
  time: z.iso.datetime({ offset: true }).optional().describe("When it is asked. Default: now."),
};

const expectation = z.strictObject({
  outcome: z.enum(["allow", "deny", "review"]),
  rule: z.string().optional().describe("The rule that decides; empty: none does."),
  reasons: z.array(z.string()).optional().describe("All of them, in their order."),
  quorum: z.string().optional().describe("Of the first stage, in words: 2 of security."),
  stages: z.array(z.string()).optional().describe("Names of all stages."),
  review_seconds: z.int().optional().describe("Of the first stage."),
  grant_seconds: z.int().optional(),
  risk: z.int().optional().describe("The risk score."),
});

/** What is asked of a policy, and what it must answer. */
export const casesSchema = z.strictObject({
  description: z.string().optional(),
  policy: z.union([text, members]).describe("The path of a policy document, from this file; or the document."),
  defaults: z
    .strictObject(circumstances)
    .optional()
    .describe("What cases do not give; of a resource and a principal, each member that they do not give."),
  cases: z
    .array(
      z.strictObject({
        name: text,
        input: z.strictObject({ action: text.describe("The action's name."), ...circumstances }),
        expect: expectation,
      }),
    )
    .min(1, "must not be empty"),
});

/** What a case has to have in the end, by itself or by default. */
export const inputSchema = z.strictObject({
  action: text,
  properties: members.default({}),
  resource: resource.extend({ properties: members.default({}) }),
  context: members.default({}),
  principal: principal.extend({
    groups: z.array(z.string()).default([]),
    roles: z.array(z.string()).default([]),
    chain: z.array(text).default([]),
  }),
  time: z.string().optional(),
});

export type Expectation = z.output<typeof expectation>;
