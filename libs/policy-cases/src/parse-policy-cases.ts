import { parseYaml } from "@countersign/config";
import { z } from "zod";
import { casesSchema, type Expectation, inputSchema } from "./cases-schema.ts";

/** One question, with everything that the file's defaults say. */
export type CaseInput = z.output<typeof inputSchema>;

export type PolicyCase = { readonly name: string; readonly input: CaseInput; readonly expect: Expectation };

export type PolicyCases = {
  /** The document, or its path from the file of the cases. */
  readonly policy: string | Readonly<Record<string, unknown>>;
  readonly cases: readonly PolicyCase[];
};

/**
 * Reads a file of cases (YAML or JSON, see policy-cases.schema.json).
 * @throws Error that names each member that is wrong
 */
export function parsePolicyCases(text: string): PolicyCases {
  const { policy, defaults = {}, cases } = checked(casesSchema, parseYaml(text));
  return {
    policy,
    cases: cases.map(({ name, input, expect }, index) => {
      const whole = {
        ...defaults,
        ...input,
        resource: { ...defaults.resource, ...input.resource },
        principal: { ...defaults.principal, ...input.principal },
      };
      return { name, input: checked(inputSchema, whole, ["cases", index, "input"]), expect };
    }),
  };
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, at: readonly PropertyKey[] = []): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map(({ path, message }) => `${z.core.toDotPath([...at, ...path])}: ${message}`).join("; "));
}
