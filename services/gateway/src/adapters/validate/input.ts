import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { ActionInput, Resource, Subject } from "@countersign/proto/v1/action_pb";
import { checkName } from "./fields.ts";
import type { Violations } from "./violations.ts";

const MAX_JSON_BYTES = 128 * 1024;
const MAX_DEPTH = 32;
/** JSON is at most six times as long as its protobuf form (`\u0001` for one byte), so that small requests need not be measured. */
const SURELY_SMALL = (MAX_JSON_BYTES - 1024) / 6;

/** @param wireSize bytes of the whole request. */
export function checkInput(violations: Violations, field: string, input: ActionInput | undefined, wireSize: number): void {
  if (input === undefined) {
    violations.add(field, "is required");
    return;
  }
  const { subject, action, resource, context } = input;
  if (subject !== undefined) checkEntity(violations, `${field}.subject`, subject);
  if (action === undefined) violations.add(`${field}.action`, "is required");
  else {
    checkActionName(violations, `${field}.action.name`, action.name);
    checkJson(violations, `${field}.action.properties`, action.properties);
  }
  if (resource === undefined) violations.add(`${field}.resource`, "is required");
  else checkEntity(violations, `${field}.resource`, resource);
  checkJson(violations, `${field}.context`, context);
  if (wireSize > SURELY_SMALL) checkSize(violations, field, input);
}

/** A dotted lower-case name. */
export function checkActionName(violations: Violations, field: string, name: string): void {
  if (name.length > 128 || !/^[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*$/.test(name)) {
    violations.add(field, "must be a dotted lower-case name of 1 to 128 characters, such as db.export");
  }
}

/** I-JSON (RFC 7493) with numbers that are exact, nested at most 32 deep. */
export function checkJson(violations: Violations, field: string, json: JsonObject | undefined): void {
  if (json !== undefined) checkValue(violations, field, json, 1);
}

function checkEntity(violations: Violations, field: string, entity: Subject | Resource): void {
  checkName(violations, `${field}.type`, entity.type, 64);
  checkName(violations, `${field}.id`, entity.id, 256);
  checkJson(violations, `${field}.properties`, entity.properties);
}

function checkValue(violations: Violations, field: string, value: JsonValue, depth: number): void {
  if (typeof value === "number") checkNumber(violations, field, value);
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) {
    violations.add(field, `is nested more than ${MAX_DEPTH} deep`);
    return;
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkValue(violations, `${field}[${index}]`, item, depth + 1);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    // Programs disagree on what it means, and a parameter that one of them does not see is not covered by a review.
    if (name === "__proto__") violations.add(field, "must not have a member named __proto__");
    else checkValue(violations, `${field}.${name}`, member, depth + 1);
  }
}

function checkNumber(violations: Violations, field: string, value: number): void {
  if (!Number.isFinite(value)) violations.add(field, "must be a finite number: JSON has no other");
  // On its way it became a double, as did its neighbours: one digest would stand for all of them.
  else if (Number.isInteger(value) && !Number.isSafeInteger(value))
    violations.add(field, "is a whole number that a double cannot tell from its neighbours; send it as a text");
}

function checkSize(violations: Violations, field: string, { subject, action, resource, context }: ActionInput): void {
  const json = JSON.stringify([
    [subject?.type, subject?.id, subject?.properties],
    [action?.name, action?.properties],
    [resource?.type, resource?.id, resource?.properties],
    context,
  ]);
  const size = Buffer.byteLength(json);
  if (size > MAX_JSON_BYTES)
    violations.add(field, `has ${size} bytes as JSON; at most ${MAX_JSON_BYTES} are taken: pass a reference instead of the data`);
}
