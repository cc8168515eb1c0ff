import { compileConditions } from "../../../../services/policy/src/adapters/cel-conditions.ts";
import { MAX_CONDITION_LENGTH } from "../../../../services/policy/src/adapters/document-schema.ts";
import type { EvaluationInput } from "../../../../services/policy/src/domain/input.ts";
import { input } from "../../../../services/policy/src/testing/policies.ts";
import { textOf, texts, type Target } from "../engine/target.ts";

const LIST = Array.from({ length: 300 }, (_, index) => index);
const INPUTS: readonly EvaluationInput[] = [
  input,
  {
    ...input,
    action: {
      name: "db.export",
      properties: { rows: 1e308, list: LIST, text: "a".repeat(5000), nested: { __proto__: null, constructor: "x" } },
    },
    context: { environment: "\ud800", list: [[[]], {}, null, true, ...LIST], at: "2026-01-01T00:00:00Z" },
  },
];

/** Conditions of policies (CEL): compiled, then run on what somebody may ask for. */
export const conditions: Target = {
  name: "conditions",
  kind: "text",
  refusals: [],
  words: [
    "principal",
    "subject",
    "action",
    "resource",
    "context",
    "now",
    ".properties",
    ".list",
    ".text",
    ".rows",
    "x",
    "y",
    "&&",
    "||",
    "!",
    "==",
    "in",
    "+",
    "-",
    "*",
    "/",
    "%",
    "?",
    ":",
    "<",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    ",",
    ".all(x, ",
    ".exists(x, ",
    ".map(x, ",
    ".filter(x, ",
    ".exists_one(x, ",
    "has(",
    "size(",
    "int(",
    "double(",
    "string(",
    "bytes(",
    "timestamp(",
    "duration(",
    "dyn(",
    "type(",
    ".matches(",
    ".contains(",
    '"(a|a)*b{1000}"',
    'b"\\xff"',
    "1u",
    "-9223372036854775808",

    '"2026-01-01T00:00:00Z"',
    '"1h"',
    ".getHours()",
    '.getDayOfWeek("Mars/Base")',
    "google.protobuf.Duration{seconds: 1}",
    "null",
    "r'\\'",
  ],
  prepare: () => ({
    seeds: texts(
      'context.environment == "production" && action.properties.rows > 1000',
      'principal.groups.exists(g, g == "sre") || "security" in principal.groups',
      "has(action.properties.list) && action.properties.list.map(x, x * 2).filter(y, y > 10).all(z, z != 11)",
      'action.name.matches("^db\\\\.(export|drop)$") && !resource.id.startsWith("test-")',
      'now - timestamp("2026-01-01T00:00:00Z") > duration("1h") && now.getHours("Europe/Berlin") < 8',
      'size(action.properties.text) > 10 ? context.list[0] == 1 : {"a": [1, 2u, 3.0]}["a"].exists_one(x, dyn(x) == 2)',
      "int(action.properties.rows) % 7 == 3 || string(context.at).contains('20') || type(1) == int",
    ),
    run: (bytes) => {
      const source = textOf(bytes);
      // The schema of documents lets nothing longer through.
      if (source.length > MAX_CONDITION_LENGTH) return undefined;
      const compiled = compileConditions([source]);
      if (!compiled.ok) return JSON.stringify(compiled.problems);
      return JSON.stringify(INPUTS.map((each) => compiled.conditions(each)(0)));
    },
  }),
};
