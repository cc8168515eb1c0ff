import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "@countersign/digest";
import { LRUCache } from "lru-cache";
import { applyPatch, type Operation } from "rfc6902";
import { z } from "zod";
import type { Editing, PatchOperation } from "../../usecases/ports.ts";

const json = z.record(z.string(), z.json());

/** Patches by `rfc6902`, schemas by `zod`, which turns JSON Schema into checks without generating code from it. */
export const editing: Editing = {
  patched: (properties, patch) => {
    const copy: unknown = structuredClone(properties);
    const operations = patch.map(toOperation);
    if (operations.some((operation) => operation === undefined)) return undefined;
    const failures = applyPatch(
      copy,
      operations.filter((operation) => operation !== undefined),
    );
    const patched = json.safeParse(copy);
    return failures.every((failure) => failure === null) && patched.success ? patched.data : undefined;
  },
  forbidden: (editable, before, after) => {
    const schemas = schemasOf(editable);
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].filter((name) => {
      if (isDeepStrictEqual(memberOf(before, name), memberOf(after, name))) return false;
      const schema = schemas.get(name);
      // What is taken away is a change too, and no schema says that it may be absent.
      return schema === undefined || !Object.hasOwn(after, name) || !schema.safeParse(after[name]).success;
    });
  },
};

function memberOf(properties: JsonObject, name: string): unknown {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** Members through which a pointer would leave the properties for what all objects share. */
const SHARED: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

function toOperation({ op, path, from, value }: PatchOperation): Operation | undefined {
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

type Schemas = ReadonlyMap<string, z.ZodType>;
const compiled = new LRUCache<string, Schemas>({ max: 500 });

function schemasOf(editable: string): Schemas {
  const known = compiled.get(editable);
  if (known !== undefined) return known;
  const schemas = new Map<string, z.ZodType>();
  // What policy checked when it was published; anything else lets nothing be edited.
  const parsed = z.record(z.string(), z.record(z.string(), z.unknown())).safeParse(editable === "" ? {} : JSON.parse(editable));
  for (const [name, schema] of Object.entries(parsed.data ?? {})) schemas.set(name, z.fromJSONSchema(schema));
  compiled.set(editable, schemas);
  return schemas;
}
