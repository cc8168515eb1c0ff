import { z } from "zod";
import { text } from "./schema-parts.ts";

const MAX_BYTES = 8 * 1024;
const MAX_DEPTH = 12;

const json = z.json();
const count = z.int().min(0).max(1_000_000);
const type = z.enum(["null", "boolean", "integer", "number", "string", "array", "object"]);

/** The keywords of JSON Schema 2020-12 that may be used: those whose check takes no longer than reading the value. No references, no patterns. */
type Schema = { readonly [keyword: string]: unknown };
const schema: z.ZodType<Schema> = z.strictObject({
  title: z.string().max(200).optional(),
  description: z.string().max(1000).optional(),
  type: z.union([type, z.array(type).min(1).max(7)]).optional(),
  enum: z.array(json).min(1).max(100).optional(),
  const: json.optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  minLength: count.optional(),
  maxLength: count.optional(),
  minItems: count.optional(),
  maxItems: count.optional(),
  get items() {
    return schema.optional();
  },
  get properties() {
    return z.record(text(128), schema).optional();
  },
  required: z.array(text(128)).max(100).optional(),
  additionalProperties: z.boolean().optional(),
});

/** What a reviewer may change: from the name of a member of `action.properties` to the JSON Schema of what it may become. */
export const editableSchema = z.record(text(128), z.unknown()).superRefine((value, context) => {
  if (Object.keys(value).length === 0) context.addIssue({ code: "custom", message: "must name a member, or be left out" });
  if (JSON.stringify(value).length > MAX_BYTES)
    context.addIssue({ code: "custom", message: `must have at most ${MAX_BYTES} bytes as JSON` });
  for (const [name, member] of Object.entries(value)) {
    if (depthOf(member) > MAX_DEPTH) {
      context.addIssue({ code: "custom", path: [name], message: `is nested more than ${MAX_DEPTH} deep` });
      continue;
    }
    for (const issue of schema.safeParse(member).error?.issues ?? []) {
      const hint = issue.code === "unrecognized_keys" ? `; known keywords are ${KEYWORDS}` : "";
      context.addIssue({ code: "custom", path: [name, ...issue.path], message: issue.message + hint });
    }
  }
});

const KEYWORDS =
  "type, enum, const, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, minItems, maxItems, items, properties, required, additionalProperties, title, description";

/** Counted on the text as it is, before a parser walks into it. */
function depthOf(value: unknown, depth = 0): number {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return depth;
  return Math.max(depth, ...Object.values(value).map((member) => depthOf(member, depth + 1)));
}
