import { editing } from "../../../../services/approval/src/adapters/editing/editing.ts";
import { canonicalJson, type JsonObject } from "@countersign/digest";
import { json, jsonOf, must, type Target } from "../engine/target.ts";

type Operation = Parameters<typeof editing.patched>[1][number];
const EDITABLE = JSON.stringify({
  rows: { type: "integer", maximum: 10 },
  list: { type: "array", maxItems: 3, items: { type: "string" } },
  __proto__: {},
});

/** As JSON writes half of a surrogate pair, which protobuf cannot carry. */
const LONE = /\\ud[89a-f]/;

/** JSON Patch from a reviewer, on parameters from an agent: operations, then what policy lets be changed. */
export const edits: Target = {
  name: "edits",
  kind: "json",
  refusals: [],
  words: [
    "/rows",
    "/list/0",
    "/list/-",
    "/list/length",
    "/__proto__/x",
    "/constructor/prototype/x",
    "~0",
    "~1",
    "add",
    "copy",
    "move",
    "test",
    "remove",
    "replace",
  ],
  prepare: () => ({
    seeds: json(
      [
        { rows: 5, list: ["a"] },
        [
          { op: "replace", path: "/rows", value: 3 },
          { op: "add", path: "/list/-", value: "b" },
        ],
      ],
      [
        { a: { b: [1, [2]] } },
        [
          { op: "move", from: "/a/b/0", path: "/c" },
          { op: "copy", from: "/a", path: "/d" },
          { op: "test", path: "/c", value: 1 },
        ],
      ],
      [
        { "a/b": 1, "m~n": 2 },
        [
          { op: "remove", path: "/a~1b" },
          { op: "replace", path: "/m~0n", value: { x: null } },
        ],
      ],
    ),
    run: (input) => {
      const given = jsonOf(input);
      const [before, operations] = Array.isArray(given) ? (given as unknown[]) : [];
      if (!isObject(before) || !Array.isArray(operations) || !isWithin(given, 32) || LONE.test(JSON.stringify(given))) return undefined;
      const kept = JSON.stringify(before);
      const patched = editing.patched(before, operations.slice(0, 100).filter(isObject).map(toOperation));
      must(JSON.stringify(before) === kept, "an edit changes what it was made from");
      if (patched === undefined) return undefined;
      const forbidden = editing.forbidden(EDITABLE, before, patched);
      return canonicalJson([patched, [...forbidden]]);
    },
  }),
};

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As the wire gives it: texts, and any JSON as value. */
function toOperation({ op, path, from, value }: JsonObject): Operation {
  const text = (given: unknown): string => (typeof given === "string" ? given : "");
  return { op: text(op), path: text(path), from: text(from), value };
}

/** The front door lets nothing deeper in. */
function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isWithin(member, levels - 1));
}
