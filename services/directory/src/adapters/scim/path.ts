import { ScimError } from "./scim-error.ts";
import { CORE_GROUP, CORE_USER, ENTERPRISE_USER, OWN_USER } from "./schema-names.ts";

/** `attribute eq value`. Attribute names are in lower case. */
export type Term = { readonly path: Path; readonly value: string | boolean };

/** Where something is: `emails[type eq "work"].value`, with the schema that stood before it. Names are in lower case. */
export type Path = {
  readonly schema: "core" | "enterprise" | "own" | "unknown";
  readonly attribute: string;
  readonly terms: readonly Term[];
  readonly sub: string;
};

const MAX_LENGTH = 2048;
const STRING = String.raw`"(?:[^"\\]|\\.)*"`;
const ATTRIBUTE = String.raw`[a-zA-Z$][\w$.:-]*`;
const BRACKETS = String.raw`\[(?:[^\]"]|${STRING})*\]`;
const ONE_TERM = new RegExp(String.raw`\s*(${ATTRIBUTE}(?:${BRACKETS})?(?:\.[\w$]+)?)\s+eq\s+(${STRING}|true|false)\s*(and\s|$)`, "iy");
const ONE_PATH = new RegExp(String.raw`^([a-zA-Z$][\w$-]*)(?:\[((?:[^\]"]|${STRING})*)\])?(?:\.([a-zA-Z$][\w$-]*))?$`);

const SCHEMAS: readonly (readonly [string, Path["schema"]])[] = [
  [CORE_USER.toLowerCase(), "core"],
  [CORE_GROUP.toLowerCase(), "core"],
  [ENTERPRISE_USER.toLowerCase(), "enterprise"],
  [OWN_USER.toLowerCase(), "own"],
];

/**
 * Reads the part of RFC 7644 filters that identity providers send: `eq`, joined by `and`.
 * @throws ScimError invalidFilter on everything else: a filter that is not understood must not select everybody.
 */
export function parseFilter(filter: string): readonly Term[] {
  const refuse = (): ScimError =>
    new ScimError(400, "only filters of the form `attribute eq value`, joined by `and`, are supported", "invalidFilter");
  if (filter.length > MAX_LENGTH) throw refuse();
  const terms: Term[] = [];
  for (let at = 0; ;) {
    ONE_TERM.lastIndex = at;
    const match = ONE_TERM.exec(filter);
    if (match === null) throw refuse();
    // Here and not in the expression, which moves on when a path has a filter of its own.
    at = ONE_TERM.lastIndex;
    const [, path = "", value = "", joined = ""] = match;
    terms.push({ path: parsePath(path), value: valueOf(value) });
    if (joined === "") return terms;
  }
}

/** @throws ScimError invalidPath */
export function parsePath(text: string): Path {
  if (text.length > MAX_LENGTH) throw badPath(text);
  const [schema, rest] = withoutSchema(text);
  if (schema === "unknown" || rest === "") return { schema, attribute: "", terms: [], sub: "" };
  const match = ONE_PATH.exec(rest);
  if (match === null) throw badPath(text);
  const [, attribute = "", terms, sub = ""] = match;
  return { schema, attribute: attribute.toLowerCase(), terms: terms === undefined ? [] : parseFilter(terms), sub: sub.toLowerCase() };
}

function withoutSchema(text: string): readonly [Path["schema"], string] {
  if (!/^urn:/i.test(text)) return ["core", text];
  const lower = text.toLowerCase();
  for (const [urn, schema] of SCHEMAS) {
    if (lower === urn) return [schema, ""];
    if (lower.startsWith(`${urn}:`)) return [schema, text.slice(urn.length + 1)];
  }
  return ["unknown", ""];
}

function valueOf(text: string): string | boolean {
  if (!text.startsWith('"')) return text.toLowerCase() === "true";
  try {
    return String(JSON.parse(text));
  } catch {
    throw new ScimError(400, "a string of the filter is not a JSON string", "invalidFilter");
  }
}

function badPath(text: string): ScimError {
  return new ScimError(400, `the path "${text.slice(0, 100)}" is not one that is supported`, "invalidPath");
}
