import { isObjectLiteral, type DigestInput, type JsonObject, type JsonValue } from "@countersign/digest";

/** What is to be done, in AuthZEN's words. */
export type ActionInput = Omit<DigestInput, "tenant">;

/**
 * A copy of what is to be done that holds nothing but JSON: what people are shown, what the digest covers and what runs are then one and the same.
 * A Map, for example, would be shown as `{}` and run with all that is in it. Members that are undefined are left out, as in JSON.
 * @throws TypeError that names what is missing, is no part of an action, or cannot be in JSON.
 */
export function plainInput(input: ActionInput): ActionInput {
  const { subject, action, resource, context } = whole(input, "input", ["subject", "action", "resource"], ["context"]);
  return {
    subject: entity(subject, "input.subject"),
    action: {
      name: text(whole(action, "input.action", ["name"], ["properties"]).name, "input.action.name"),
      ...propertiesOf(action, "input.action"),
    },
    resource: entity(resource, "input.resource"),
    ...(context === undefined ? {} : { context: plainObject(context, "input.context") }),
  };
}

function entity(part: ActionInput["subject"], path: string): ActionInput["subject"] {
  const { type, id } = whole(part, path, ["type", "id"], ["properties"]);
  return { type: text(type, `${path}.type`), id: text(id, `${path}.id`), ...propertiesOf(part, path) };
}

function propertiesOf({ properties }: ActionInput["action" | "subject"], path: string): { readonly properties?: JsonObject } {
  return properties === undefined ? {} : { properties: plainObject(properties, `${path}.properties`) };
}

/** The part itself, when it has what it must have and nothing that nobody would be shown. */
function whole<Part extends object>(part: Part, path: string, needed: readonly string[], others: readonly string[]): Part {
  if (!isObjectLiteral(part)) throw new TypeError(`${path} must be an object with ${needed.join(", ")}; it is ${kindOf(part)}`);
  for (const name of needed) if (ownMember(part, name) === undefined) throw new TypeError(`${path}.${name} is missing`);
  for (const name of Object.keys(part)) {
    if (needed.includes(name) || others.includes(name) || ownMember(part, name) === undefined) continue;
    throw new TypeError(`${path}.${name} is no part of an action; there are ${[...needed, ...others].join(", ")}`);
  }
  return part;
}

function plainObject(value: unknown, path: string): JsonObject {
  if (!isObjectLiteral(value)) throw new TypeError(`${path} must be an object of JSON values; it is ${kindOf(value)}`);
  const members: [string, JsonValue][] = [];
  for (const name of Object.keys(value)) {
    const member = ownMember(value, name);
    if (member !== undefined) members.push([text(name, `a name in ${path}`), plainValue(member, `${path}.${name}`)]);
  }
  // Not assigned one by one: a member may be called `__proto__`.
  return Object.fromEntries(members);
}

function ownMember(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Readonly<Record<string, unknown>>)[name] : undefined;
}

function plainValue(value: unknown, path: string): JsonValue {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return text(value, path);
  // What is -0 is shown as 0.
  if (typeof value === "number" && Number.isFinite(value)) return value === 0 ? 0 : value;
  // Array.from looks at the holes of a list as well.
  if (Array.isArray(value)) return Array.from(value, (element: unknown, index) => plainValue(element, `${path}[${index}]`));
  if (isObjectLiteral(value)) return plainObject(value, path);
  throw new TypeError(`${path} must be a JSON value, so that it can be shown and hashed; it is ${kindOf(value)}`);
}

/** A text as it is shown and hashed: whatever else has one would be sent as it, and half a surrogate pair as another one. */
function text(value: unknown, path: string): string {
  if (typeof value !== "string") throw new TypeError(`${path} must be a string; it is ${kindOf(value)}`);
  if (!value.isWellFormed()) throw new TypeError(`${path} holds half of a surrogate pair, which no JSON can hold`);
  return value;
}

function kindOf(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return value.constructor?.name ?? "an object";
}
