import { isDeepStrictEqual } from "node:util";
import { jsonBytes, jsonFlaws, MAX_JSON_BYTES, type JsonObject, type JsonValue } from "@countersign/digest";
import { LRUCache } from "lru-cache";
import { applyPatch, type Operation } from "rfc6902";
import { z } from "zod";
import { matchesSchema } from "./json-schema.ts";
import type { Editing, PatchOperation } from "../../usecases/ports.ts";

const json = z.record(z.string(), z.json());

/** Patches by `rfc6902`, looked at after each operation. */
export const editing: Editing = {
  patched: (properties, patch) => {
    const copy = structuredClone(properties);
    for (const each of patch) {
      const operation = toOperation(each);
      if (operation === undefined || !applies(operation, copy)) return undefined;
      // After each: a hundred copies, each of all before it, would fill the memory.
      if (!fitsInRequest(copy)) return undefined;
    }
    const patched = json.safeParse(copy);
    return patched.success ? patched.data : undefined;
  },
  forbidden: (editable, before, after) => {
    const schemas = schemasOf(editable);
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].filter((name) => {
      if (isDeepStrictEqual(memberOf(before, name), memberOf(after, name))) return false;
      const schema = schemas.get(name);
      // What is taken away is a change too, and no schema says that it may be absent.
      return schema === undefined || !Object.hasOwn(after, name) || !matchesSchema(schema, after[name]);
    });
  },
};

/** `rfc6902` tells what does not apply by a failure, and by a throw where a pointer leads through a number or a text. */
function applies(operation: Operation, to: unknown): boolean {
  try {
    return applyPatch(to, [operation]).every((failure) => failure === null);
  } catch {
    return false;
  }
}

/** As properties that come whole. */
function fitsInRequest(value: JsonValue): boolean {
  return isDense(value) && jsonFlaws("", value).length === 0 && jsonBytes(value) <= MAX_JSON_BYTES;
}

/** `rfc6902` replaces any member of an array, its length too: four billion items that nobody sent. */
function isDense(value: JsonValue): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value) && Object.keys(value).length !== value.length) return false;
  return Object.values(value).every(isDense);
}

function memberOf(properties: JsonObject, name: string): unknown {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** Members through which a pointer would leave the properties for what all objects share. */
const SHARED: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

function toOperation({ op, path, from, value }: PatchOperation): Operation | undefined {
  if ([path, from].some((pointer) => pointer !== "" && !pointer.startsWith("/"))) return undefined;
  if ([...path.split("/"), ...from.split("/")].some((segment) => SHARED.has(segment))) return undefined;
  switch (op) {
    case "add":
    case "replace":
    case "test":
      return path === "" || value === undefined ? undefined : { op, path, value };
    case "remove":
      return path === "" ? undefined : { op, path };
    case "move":
    case "copy":
      return path === "" || from === "" ? undefined : { op, path, from };
    default:
      return undefined;
  }
}

type Schemas = ReadonlyMap<string, unknown>;
const parsed = new LRUCache<string, Schemas>({ max: 500 });

function schemasOf(editable: string): Schemas {
  const known = parsed.get(editable);
  if (known !== undefined) return known;
  // What policy checked when it was published; anything else lets nothing be edited.
  const { data = {} } = z.record(z.string(), z.unknown()).safeParse(editable === "" ? {} : JSON.parse(editable));
  const schemas: Schemas = new Map(Object.entries(data));
  parsed.set(editable, schemas);
  return schemas;
}
