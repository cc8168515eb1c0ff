import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { casesSchema } from "./cases-schema.ts";
import { type Answer, parsePolicyCases, unexpectedIn } from "./index.ts";

const HEAD =
  "policy: p.yaml\ndefaults: { resource: { type: db, id: crm, properties: { owner: ann } }, principal: { type: agent, id: bot, groups: [a] } }\n";
const parse = (cases: string, head = HEAD) => parsePolicyCases(`${head}cases:\n${cases}`);

describe("parsePolicyCases", () => {
  it("takes from the defaults what a case does not give, single members of resource and principal, others as a whole", () => {
    const head = `${HEAD.slice(0, -3)}, context: { environment: production }, time: "2026-01-01T00:00:00Z" }\n`;
    const bare = parse("- { name: a, input: { action: db.drop }, expect: { outcome: deny } }", head);
    expect(bare).toEqual({
      policy: "p.yaml",
      cases: [
        {
          name: "a",
          input: {
            action: "db.drop",
            properties: {},
            resource: { type: "db", id: "crm", properties: { owner: "ann" } },
            context: { environment: "production" },
            principal: { type: "agent", id: "bot", groups: ["a"], roles: [], chain: [] },
            time: "2026-01-01T00:00:00Z",
          },
          expect: { outcome: "deny" },
        },
      ],
    });
    const own =
      "{ action: db.drop, resource: { id: hr }, context: { ticket: T1 }, principal: { type: human, chain: [x] }, properties: { rows: 1 } }";
    expect(parse(`- { name: a, input: ${own}, expect: { outcome: deny } }`, head).cases[0]?.input).toMatchObject({
      properties: { rows: 1 },
      resource: { type: "db", id: "hr" },
      context: { ticket: "T1" },
      principal: { type: "human", id: "bot", chain: ["x"] },
    });
  });

  it.each([
    ["- { name: a, input: { action: b }, expect: { outcome: maybe } }", HEAD, /cases\[0\]\.expect\.outcome: .*"allow"/],
    ["- { name: a, input: { action: b }, expect: { outcome: deny, rul: x } }", HEAD, /cases\[0\]\.expect: .*"rul"/],
    [
      "- { name: a, input: { action: b }, expect: { outcome: deny } }",
      "policy: p.yaml\n",
      /cases\[0\]\.input\.resource\.type: .*input\.principal\.id:/,
    ],
    ["- { name: a, input: { action: b, time: noon }, expect: { outcome: deny } }", HEAD, /cases\[0\]\.input\.time: .*datetime/],
    ["- { name: a, name: b }", HEAD, /^line 4: /],
    [" []", HEAD, /cases: must not be empty/],
  ])("P7: refuses %s", (cases, head, message) => {
    expect(() => parse(cases, head)).toThrow(message);
  });
});

describe("unexpectedIn", () => {
  const answer: Answer = {
    outcome: "review",
    rule: "exports",
    reasons: ["Data leaves."],
    quorum: "1 of dba",
    stages: ["review"],
    review_seconds: 60,
    grant_seconds: 300,
    risk: 0,
  };

  it("compares what is expected, and nothing else", () => {
    expect(unexpectedIn(answer, { outcome: "review" })).toEqual([]);
    expect(unexpectedIn(answer, { ...answer, outcome: "review" })).toEqual([]);
  });

  it.each([
    ["outcome", "deny", "review"],
    ["rule", "", "exports"],
    ["reasons", [], '["Data leaves."]'],
    ["reasons", ["Data leaves.", "No."], '["Data leaves."]'],
    ["quorum", "2 of dba", "1 of dba"],
    ["stages", ["review", "second"], '["review"]'],
    ["review_seconds", 61, "60"],
    ["grant_seconds", 0, "300"],
    ["risk", 10, "0"],
  ])("tells of another %s than %j", (what, expected, answered) => {
    const words = typeof expected === "string" && expected !== "" ? expected : JSON.stringify(expected);
    expect(unexpectedIn(answer, { outcome: "review", [what]: expected })).toEqual([{ what, expected: words, answered }]);
  });
});

describe("policy-cases.schema.json", () => {
  it("is what the code checks", () => {
    const head = { $id: "https://countersign.dev/schemas/policy-cases-v1.json", title: "Cases of a Countersign policy" };
    const generated: unknown = { ...head, ...z.toJSONSchema(casesSchema, { io: "input" }) };
    const stored: unknown = JSON.parse(readFileSync(new URL("../policy-cases.schema.json", import.meta.url), "utf8"));
    expect(stored, `policy-cases.schema.json must become:\n${JSON.stringify(generated)}`).toEqual(generated);
  });
});
