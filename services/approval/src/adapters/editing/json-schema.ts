import { isDeepStrictEqual } from "node:util";

/** Whether a value is as a schema says. */
type Rule = (wanted: unknown, value: unknown, schema: Schema) => boolean;
type Schema = Readonly<Record<string, unknown>>;

/**
 * The keywords of JSON Schema 2020-12 that policies may use, each by itself as the specification has it: `zod` passes over those that it does
 * not expect beside or without another one (`maximum` without `type`, `maxItems` without `items`), and lets through what they forbid.
 */
const RULES: Readonly<Record<string, Rule>> = {
  title: () => true,
  description: () => true,
  type: (wanted, value) => [wanted].flat().some((type) => typeof type === "string" && isOfType(type, value)),
  enum: (wanted, value) => Array.isArray(wanted) && wanted.some((one) => isDeepStrictEqual(one, value)),
  const: (wanted, value) => isDeepStrictEqual(wanted, value),
  minimum: (wanted, value) => typeof value !== "number" || (isNumber(wanted) && value >= wanted),
  maximum: (wanted, value) => typeof value !== "number" || (isNumber(wanted) && value <= wanted),
  exclusiveMinimum: (wanted, value) => typeof value !== "number" || (isNumber(wanted) && value > wanted),
  exclusiveMaximum: (wanted, value) => typeof value !== "number" || (isNumber(wanted) && value < wanted),
  minLength: (wanted, value) => typeof value !== "string" || (isNumber(wanted) && [...value].length >= wanted),
  maxLength: (wanted, value) => typeof value !== "string" || (isNumber(wanted) && [...value].length <= wanted),
  minItems: (wanted, value) => !Array.isArray(value) || (isNumber(wanted) && value.length >= wanted),
  maxItems: (wanted, value) => !Array.isArray(value) || (isNumber(wanted) && value.length <= wanted),
  items: (wanted, value) => !Array.isArray(value) || value.every((item) => matchesSchema(wanted, item)),
  properties: (wanted, value) =>
    !isObject(value) ||
    (isObject(wanted) && Object.keys(wanted).every((name) => !Object.hasOwn(value, name) || matchesSchema(wanted[name], value[name]))),
  required: (wanted, value) =>
    !isObject(value) || (Array.isArray(wanted) && wanted.every((name) => typeof name === "string" && Object.hasOwn(value, name))),
  additionalProperties: (wanted, value, { properties = {} }) =>
    wanted === true || !isObject(value) || (isObject(properties) && Object.keys(value).every((name) => Object.hasOwn(properties, name))),
};

/** P7: a keyword that this build does not know lets nothing through. */
export function matchesSchema(schema: unknown, value: unknown): boolean {
  if (!isObject(schema)) return false;
  return Object.entries(schema).every(
    ([keyword, wanted]) => Object.hasOwn(RULES, keyword) && RULES[keyword]?.(wanted, value, schema) === true,
  );
}

function isOfType(type: string, value: unknown): boolean {
  if (value === null) return type === "null";
  if (Array.isArray(value)) return type === "array";
  return typeof value === type || (type === "integer" && Number.isInteger(value));
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
