import { PATCH_OP } from "./schema-names.ts";
import { ScimError } from "./scim-error.ts";
import { isList, isRecord, listOf, memberOf, textOf, type Json } from "./values.ts";

export type Op = "add" | "replace" | "remove";

/** One step of a PATCH. Without a path, `value` names what it changes. */
export type Operation = { readonly op: Op; readonly path: string; readonly value: Json | undefined };

const MAX_OPERATIONS = 1000;

/** Reads a PATCH body (RFC 7644, 3.5.2), with the capitals that Entra writes. @throws ScimError */
export function readOperations(body: Json): readonly Operation[] {
  const schemas = isRecord(body) ? memberOf(body, "schemas") : undefined;
  const operations = isRecord(body) ? memberOf(body, "Operations") : undefined;
  const names = listOf(schemas).map((name) => (typeof name === "string" ? name.toLowerCase() : ""));
  if (!names.includes(PATCH_OP.toLowerCase())) throw new ScimError(400, `schemas must name ${PATCH_OP}`, "invalidSyntax");
  if (!isList(operations) || operations.length === 0 || operations.length > MAX_OPERATIONS) {
    throw new ScimError(400, `Operations must be an array of 1 to ${MAX_OPERATIONS}`, "invalidSyntax");
  }
  return operations.map(readOperation);
}

function readOperation(operation: Json): Operation {
  if (!isRecord(operation)) throw new ScimError(400, "an operation must be an object", "invalidSyntax");
  const op = textOf("op", memberOf(operation, "op")).toLowerCase();
  const path = memberOf(operation, "path") ?? "";
  const value = memberOf(operation, "value");
  if (op !== "add" && op !== "replace" && op !== "remove") throw new ScimError(400, "op must be add, replace or remove", "invalidSyntax");
  if (typeof path !== "string") throw new ScimError(400, "path must be a string", "invalidPath");
  if (op === "remove" && path === "") throw new ScimError(400, "remove needs a path", "noTarget");
  if (op !== "remove" && value === undefined) throw new ScimError(400, `${op} needs a value`, "invalidValue");
  return { op, path, value };
}

/** The steps of an operation with a path each: one without a path names several attributes, as a resource or with dots in their names. */
export function withPaths({ op, path, value }: Operation): readonly Operation[] {
  if (path !== "") return [{ op, path, value }];
  if (!isRecord(value)) throw new ScimError(400, "without a path, value must be an object", "invalidValue");
  return Object.entries(value).map(([name, member]) => ({ op, path: name, value: member }));
}
