import { describe, expect, it } from "vitest";
import { starterPolicy } from "../starter-policy.ts";
import { compileText } from "./compile-text.ts";

const HEAD = "apiVersion: countersign.dev/v1\nkind: Policy\nmetadata: { name: x }\n";
const withRule = (rule: string) => `${HEAD}rules:\n  - ${rule.split("\n").join("\n    ")}\n`;
const withReview = (review: string) => withRule(`name: a\noutcome: review\nreview: ${review}`);
const plain = (more: string) => withRule(`name: a\noutcome: allow\n${more}`);

function problemsOf(text: string): readonly string[] {
  const compiled = compileText(text);
  return compiled.ok ? [] : compiled.problems.map(({ path, message, line }) => `${line ?? "-"} ${path}: ${message}`);
}

describe("compileText", () => {
  it("takes the starter policy", () => {
    expect(problemsOf(starterPolicy())).toEqual([]);
  });

  it("fills in every default", () => {
    const compiled = compileText(plain(""));
    expect(compiled.ok && compiled.policy.document).toEqual({
      name: "x",
      bindingContext: [],
      defaultReview: undefined,
      defaultGrantSeconds: 300,
      risk: [],
      rules: [{ name: "a", match: {}, when: undefined, reason: undefined, decision: { outcome: "allow", grantSeconds: 300 } }],
    });
  });

  it("sorts the binding members", () => {
    const compiled = compileText(`${HEAD}binding_context: [run_id, environment]\nrules: []\n`);
    expect(compiled.ok && compiled.policy.document.bindingContext).toEqual(["environment", "run_id"]);
  });

  it("tells every problem at once, with path and line", () => {
    const text = `apiVersion: countersign.dev/v1
kind: Policy
metadata: { name: x }
binding_context: [environment, environment]
rules:
  - name: a
    wehn: "true"
    outcome: allow
  - name: a
    match: { actions: ["db.x*"], hours: { timezone: Mars/Base, from: "8:00" } }
    when: 'principle.id == "x" && foo(1)'
    outcome: review
  - name: c
    when: "action.name +"
    outcome: perhaps
    grant: { lifetime: 5 minutes }
`;
    expect(problemsOf(text)).toEqual([
      "7 rules[0].wehn: unknown member; known are name, match, when, outcome, reason, review, grant",
      '10 rules[1].match.actions[0]: "x*": * and ** stand for whole segments between dots',
      "10 rules[1].match.hours.timezone: must be an IANA timezone such as Europe/Berlin",
      '10 rules[1].match.hours.from: must be a time of day such as "08:00", "24:00" at most',
      "15 rules[2].outcome: must be one of allow, deny, review",
      "16 rules[2].grant.lifetime: must be a duration such as 90s, 15m, 1h or 7d",
      "9 rules[1].name: another rule has this name",
      "9 rules[1].review: is needed, as there is no defaults.review",
      "4 binding_context[1]: is given twice",
      '11 rules[1].when: unknown name "principle"; known are principal, subject, action, resource, context, now',
      '11 rules[1].when: unknown function "foo"',
      '14 rules[2].when: line 1, column 13 of the condition: what follows "+" cannot be read; is an operand, a quote or a parenthesis missing?',
    ]);
  });

  it.each([
    ["30min", "must be a duration such as 90s, 15m, 1h or 7d"],
    ["31d", "must be 1s to 30d"],
  ])("tells once what is wrong with a deadline of %s", (deadline, message) => {
    expect(problemsOf(withReview(`{ groups: [a], deadline: ${deadline} }`))).toEqual([
      expect.stringMatching(new RegExp(`deadline: ${message}$`)),
    ]);
  });

  it.each<[string, string, RegExp]>([
    ["no mapping", "[]", /expected object/],
    ["nothing", "", /expected object/],
    ["another kind", HEAD.replace("Policy", "Polici") + "rules: []\n", /kind/],
    ["another version", HEAD.replace("/v1", "/v2") + "rules: []\n", /apiVersion/],
    ["an unknown member at the top", `${HEAD}rules: []\nrulez: []\n`, /rulez: unknown member; known are apiVersion, kind/],
    [
      "an unknown member deep down",
      plain("match: { resources: [{ typ: x }] }"),
      /rules\[0\]\.match\.resources\[0\]\.typ: unknown member; known are type, id$/,
    ],
    ["a rule that is text", `${HEAD}rules: [allow]\n`, /rules\[0\]/],
    ["an empty list that would match nothing", plain("match: { actions: [] }"), /actions: must not be empty/],
    ["a review on an allow", plain("review: { groups: [a] }"), /review: has no meaning/],
    ["a grant on a deny", withRule("name: a\noutcome: deny\ngrant: { lifetime: 5m }"), /grant: has no meaning/],
    [
      "groups and stages",
      withRule("name: a\noutcome: review\nreview: { groups: [a], stages: [{ name: b, groups: [c] }] }"),
      /review\.groups: belongs to each stage/,
    ],
    ["nobody to ask", withRule("name: a\noutcome: review\nreview: { deadline: 1h }"), /needs reviewers/],
    [
      "a quorum that is no quorum",
      withReview('{ quorum: "2 of sre and security" }'),
      /review\.quorum: column 14: a number of people is needed here/,
    ],
    [
      "a quorum of more than are named",
      withReview("{ people: [ann, ann], quorum: 2 }"),
      /review\.quorum: can never be reached: it asks for 2 people, and one is named; ask for fewer/,
    ],
    [
      "a quorum that an escalation does not reach",
      withReview("{ people: [ann], resource_owner: true, quorum: 4, escalate: { after: 5m, to: { people: [bob, ann] } } }"),
      /review\.quorum: .*asks for 4 people, and 3 are named/,
    ],
    [
      "a quorum that wants one person twice",
      withReview('{ quorum: "1 of person ann and 1 of person ann and 3 of sre" }'),
      /review\.quorum: .*asks for 2 people, and one is named/,
    ],
    [
      "a quorum that no way reaches",
      withReview('{ quorum: "2 of requester-manager or (2 of sre and 2 of person ann)" }'),
      /review\.quorum: .*asks for 2 people, and one is named/,
    ],
    ["a break-glass for nobody", withReview("{ groups: [a], break_glass: { groups: [] } }"), /break_glass\.groups: must not be empty/],
    [
      "a break-glass that nobody could look at",
      withReview("{ mode: confirm, break_glass: { groups: [a] } }"),
      /break_glass: needs a stage that names reviewers/,
    ],
    ["any without a list", withReview("{ quorum: 2 of any }"), /`any` needs groups/],
    ["an escalation to nobody", withReview("{ groups: [a], escalate: { after: 5m, to: {} } }"), /escalate\.to: needs reviewers/],
    ["an escalation that never comes", withReview("{ groups: [a], on_timeout: escalate }"), /escalate: is needed/],
    [
      "a reminder after the deadline",
      withReview("{ stages: [{ name: a, groups: [a], deadline: 5m, remind: [5m] }] }"),
      /remind: must be before the deadline/,
    ],
    [
      "a remote schema",
      withReview("{ groups: [a], editable: { limit: { $ref: 'https://evil.example' } } }"),
      /editable\.limit: Unrecognized key/,
    ],
    ["a schema with a pattern", withReview("{ groups: [a], editable: { limit: { pattern: '(a+)+$' } } }"), /known keywords are/],
    ["a schema too large", withReview(`{ groups: [a], editable: { limit: { enum: ["${"x".repeat(9000)}"] } } }`), /at most 8192 bytes/],
    [
      "a schema too deep",
      withReview(`{ groups: [a], editable: { limit: ${"{ items: ".repeat(13)}{}${" }".repeat(13)} } }`),
      /nested more than 12 deep/,
    ],
    ["a risk without points", `${HEAD}risk: [{ reason: a }]\nrules: []`, /risk\[0\]\.points: is required/],
    ["a risk that is not CEL", `${HEAD}risk: [{ reason: a, points: 5, when: "1 +" }]\nrules: []`, /risk\[0\]\.when/],
    [
      "stages of one name",
      withRule("name: a\noutcome: review\nreview: { stages: [{ name: b, groups: [c] }, { name: b, groups: [d] }] }"),
      /another stage/,
    ],
    ["a quorum of none", withRule("name: a\noutcome: review\nreview: { groups: [a], quorum: 0 }"), /quorum/],
    ["a deadline too far", withRule("name: a\noutcome: review\nreview: { groups: [a], deadline: 31d }"), /deadline/],
    ["a lifetime of nothing", plain("grant: { lifetime: 0s }"), /lifetime/],
    ["hours that are no time", plain('match: { hours: { timezone: UTC, from: "08:00", to: "08:00" } }'), /must differ/],
    ["an outcome that YAML 1.1 would read as a boolean", withRule("name: a\noutcome: yes"), /outcome/],
    [
      "a pattern that YAML takes for an alias",
      plain("match: { actions: [**.drop] }"),
      /7 : there is no anchor "\*\.drop"; a pattern that begins with \*/,
    ],
    ["a condition that YAML takes for a tag", plain("when: !has(context.x)"), /7 : .*; a text that begins with ! is put in quotes/],
    ["a condition that YAML takes for a mapping", plain("when: context.x ? a : b"), /7 : .*is put in quotes/],
    ["a condition that YAML takes for two", plain('when: "dba" in principal.groups'), /7 : .*is put in quotes/],
    [
      "a condition that YAML takes for a boolean",
      plain("when: true"),
      /7 rules\[0\]\.when: must be a text; put it in quotes, as it is a boolean without/,
    ],
    ["a pattern where a list belongs", plain("match: { actions: db.* }"), /actions: must be a list, such as \[a, b\]; it is a string/],
    ["tabs", `${HEAD}rules:\n\t- name: a\n`, /5 : Tabs are not allowed as indentation/],
    [
      "more patterns than there is room for, by aliases",
      `${HEAD}rules:\n${Array.from({ length: 120 }, (_, index) => `- { name: r${index}, outcome: deny, match: { actions: ${index % 40 === 0 ? `&a${index} [${Array(99).fill('"a.**"').join(", ")}]` : `*a${index - (index % 40)}`} } }`).join("\n")}`,
      /rules: have 11880 patterns of actions and resources/,
    ],
    [
      "too many rules",
      `${HEAD}rules:\n${Array.from({ length: 1001 }, (_, index) => `- { name: r${index}, outcome: deny }`).join("\n")}`,
      /at most 1000/,
    ],
  ])("refuses %s", (_what, text, message) => {
    expect(problemsOf(text).join("\n")).toMatch(message);
  });

  it("tells of broken YAML once, where it begins", () => {
    const text = `${HEAD}rules:\n  - name: a\n\toutcome: deny\n  - name: b\n    outcome: deny\n`;
    expect(problemsOf(text)).toEqual(["6 : Tabs are not allowed as indentation"]);
  });

  it.each([
    "{ groups: [a], people: [ann], quorum: 3 }",
    "{ people: [ann, bob], requester_manager: true, quorum: 3 }",
    "{ people: [ann], quorum: 2, escalate: { after: 5m, to: { on_call: [night] } } }",
    "{ people: [ann], quorum: 2, mode: confirm }",
    '{ quorum: "2 of person ann or 1 of sre" }',
  ])("takes a quorum that can be reached: %s", (review) => {
    expect(problemsOf(withReview(review))).toEqual([]);
  });
});

describe("P7: hostile documents are refused, soon", () => {
  const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
  const lineOfBomb = (name: string, index: number) =>
    `${name}: &${name} [${Array(9)
      .fill(index === 0 ? "x" : `*${NAMES[index - 1]}`)
      .join(", ")}]`;
  const bomb = NAMES.map(lineOfBomb).join("\n");

  it.each<[string, string]>([
    ["an alias bomb", bomb],
    ["an anchor that holds itself", "&a [*a]"],
    ["a document that holds itself", `&all\n${HEAD}rules: [*all]\n`],
    ["very many aliases of nothing", `[${"*a,".repeat(20_000)}]`],
    ["deep brackets", "[".repeat(100_000)],
    ["deep brackets over many lines", "[\n".repeat(100_000)],
    ["deep mappings", "{a: ".repeat(60_000)],
    ["deep compact lists", "- ".repeat(100_000)],
    ["deep compact keys", "? ".repeat(100_000)],
    ["deep indentation", Array.from({ length: 700 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
    ["very many members", Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join("\n")],
    ["very many documents", "---\n".repeat(60_000)],
    ["too large", `${HEAD}rules: []\n#${"x".repeat(256 * 1024)}`],
    ["too large in UTF-8", `${HEAD}rules: []\n#${"ä".repeat(128 * 1024)}`],
    ["a second document", `${HEAD}rules: []\n---\na: 1\n`],
    ["a member given twice", `${HEAD}rules: []\nrules: []\n`],
    ["a merge key", `${HEAD}defaults: &d {}\nrules: [{ <<: *d, name: a, outcome: allow }]\n`],
    ["a tag of its own", `${HEAD}rules: !mine []\n`],
    ["a JavaScript tag", plain('reason: !!js/function "x"')],
    ["bytes for text", plain("reason: !!binary aGVsbG8=")],
    ["a set for a list", `${HEAD}rules: !!set {}\n`],
    ["a prototype", `${HEAD}rules: []\n__proto__: { polluted: true }\n`],
    ["a key that is no text", `${HEAD}rules: []\n[a]: 1\n`],
    ["binary", "\u0000\u0001\u0002"],
    ["a lone tab", "\t"],
  ])("%s", (_what, text) => {
    const started = process.threadCpuUsage();
    const problems = problemsOf(text);
    expect(problems).not.toEqual([]);
    expect(problems.length).toBeLessThanOrEqual(51);
    // Of CPU, however long that took: none needs a second.
    expect(process.threadCpuUsage(started).user / 1e6).toBeLessThan(20);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});
