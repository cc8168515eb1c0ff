import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { compileText } from "./adapters/compile-text.ts";
import { evaluate } from "./domain/evaluate.ts";
import type { EvaluationInput } from "./domain/input.ts";
import { riskScore } from "./domain/risk.ts";

const DIRECTORY = new URL("../testdata/", import.meta.url);

const json = z.record(z.string(), z.json());
const schema = z.fromJSONSchema(
  z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(new URL("policy-cases.schema.json", DIRECTORY), "utf8"))),
);
const tableSchema = z.object({
  policy: z.union([z.string(), z.record(z.string(), z.unknown())]),
  cases: z.array(
    z.object({
      name: z.string(),
      input: z.object({
        action: z.string(),
        properties: json.default({}),
        resource: z
          .object({ type: z.string().default("db.table"), id: z.string().default("customers"), properties: json.default({}) })
          .prefault({}),
        context: json.default({}),
        principal: z
          .object({
            type: z.enum(["human", "agent", "service"]).default("agent"),
            id: z.string().default("exporter"),
            groups: z.array(z.string()).default([]),
            roles: z.array(z.string()).default([]),
            owner: z.string().optional(),
            chain: z.array(z.string()).default([]),
          })
          .prefault({}),
        time: z.iso.datetime().default("2026-11-23T10:00:00Z"),
      }),
      expect: z.object({ outcome: z.string(), rule: z.string() }).loose(),
    }),
  ),
});

type Case = z.output<typeof tableSchema>["cases"][number];

function toInput({ action, properties, resource, context, principal, time }: Case["input"]): EvaluationInput {
  const issuer = "https://issuer.example";
  const ref = (id: string) => ({ issuer, id });
  return {
    principal: {
      ...principal,
      tenant: "acme",
      issuer,
      chain: principal.chain.map(ref),
      owner: principal.owner === undefined ? undefined : ref(principal.owner),
    },
    subject: { type: principal.type, id: principal.id, properties: {} },
    action: { name: action, properties },
    resource,
    context,
    timeMs: Date.parse(time),
  };
}

for (const file of readdirSync(DIRECTORY).filter((name) => name.endsWith(".yaml"))) {
  const raw: unknown = parse(readFileSync(new URL(file, DIRECTORY), "utf8"));
  describe(`testdata/${file}`, () => {
    it("has the shape of policy-cases.schema.json", () => {
      expect(schema.safeParse(raw).error?.issues).toBeUndefined();
    });

    const table = tableSchema.parse(raw);
    const text = typeof table.policy === "string" ? readFileSync(new URL(table.policy, DIRECTORY), "utf8") : stringify(table.policy);
    const compiled = compileText(text);

    it.each(table.cases.map((one) => [one.name, one] as const))("%s", (_name, one) => {
      if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
      const verdict = evaluate(compiled.policy, toInput(one.input), 1);
      const reviewed = verdict.outcome === "review" ? verdict.review : undefined;
      const actual = {
        ...verdict,
        grant_seconds: verdict.outcome === "deny" ? 0 : verdict.grantSeconds,
        review_seconds: reviewed?.stages[0]?.seconds,
        quorum: reviewed?.stages[0]?.quorumText,
        risk: riskScore(verdict.risk),
        stages: reviewed?.stages.map(({ name }) => name),
      };
      expect(actual).toMatchObject(one.expect);
    });
  });
}
