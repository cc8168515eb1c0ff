import type { JsonValue } from "@bufbuild/protobuf";
import { jsonFlaws, MAX_JSON_BYTES, sizeFlaw } from "@countersign/digest";
import type { ActionInput, Resource, Subject } from "@countersign/proto/v1/action_pb";
import { checkName } from "./fields.ts";
import type { Violations } from "./violations.ts";

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
  const tooLarge = wireSize > SURELY_SMALL ? sizeFlaw(field, input) : undefined;
  if (tooLarge !== undefined) violations.add(tooLarge.field, tooLarge.description);
}

/** A dotted lower-case name. */
export function checkActionName(violations: Violations, field: string, name: string): void {
  if (name.length > 128 || !/^[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*$/.test(name)) {
    violations.add(field, "must be a dotted lower-case name of 1 to 128 characters, such as db.export");
  }
}

/** P1: what the digest of an action can stand for. */
export function checkJson(violations: Violations, field: string, json: JsonValue | undefined): void {
  if (json === undefined) return;
  for (const flaw of jsonFlaws(field, json)) violations.add(flaw.field, flaw.description);
}

function checkEntity(violations: Violations, field: string, entity: Subject | Resource): void {
  checkName(violations, `${field}.type`, entity.type, 64);
  checkName(violations, `${field}.id`, entity.id, 256);
  checkJson(violations, `${field}.properties`, entity.properties);
}
