import type { JsonObject, JsonValue } from "@countersign/digest";
import { isObject } from "./json-rpc.ts";

/** The call of one tool, as `tools/call` has it. */
export type ToolCall = {
  readonly tool: string;
  readonly arguments: JsonObject;
  /** Of the protocol: a progress token, the host's capabilities, the trace. */
  readonly meta?: JsonObject;
};

export type ReadCall = { readonly ok: true; readonly call: ToolCall } | { readonly ok: false; readonly why: string };

const MEMBERS = new Set(["name", "arguments", "_meta"]);

/**
 * Reads `params` of `tools/call`. What has members that people would not be shown is refused, and so is what another reader could understand otherwise:
 * names that differ only by case are one name to some JSON readers, which would then run what nobody looked at.
 */
export function readToolCall(params: JsonObject | undefined): ReadCall {
  const { name, arguments: given = {}, _meta: meta } = params ?? {};
  const strange = Object.keys(params ?? {}).find((member) => !MEMBERS.has(member));
  if (strange !== undefined) return refuse(`params.${strange} is not asked for, so it is not passed on; there are name, arguments, _meta`);
  if (typeof name !== "string" || name === "") return refuse("params.name must name a tool");
  if (!isObject(given)) return refuse("params.arguments must be an object");
  if (meta !== undefined && !isObject(meta)) return refuse("params._meta must be an object");
  const twin = twinIn(given, "params.arguments");
  if (twin !== undefined) return refuse(`${twin}: two names that differ only by case`);
  return { ok: true, call: { tool: name, arguments: given, ...(meta && { meta }) } };
}

/** The action's name: `mcp.<server>.<tool>`, in the letters that such names have. What a policy must tell apart beyond that, `resource.properties.tool` has as it is. */
export function actionName(server: string, tool: string): string {
  const segments = tool
    .toLowerCase()
    .replaceAll(/[^a-z0-9_.-]+/g, "_")
    .split(".")
    .filter((segment) => segment !== "");
  return ["mcp", server, ...(segments.length === 0 ? ["_"] : segments)].join(".");
}

/** Where two members of one object have the same name but for case. */
function twinIn(value: JsonValue, path: string): string | undefined {
  if (Array.isArray(value)) return firstOf(value.entries(), ([index, element]) => twinIn(element, `${path}[${index}]`));
  if (!isObject(value)) return undefined;
  const seen = new Set<string>();
  return firstOf(Object.entries(value), ([name, member]) => {
    const folded = fold(name);
    if (seen.has(folded)) return `${path}.${name}`;
    seen.add(folded);
    return twinIn(member, `${path}.${name}`);
  });
}

/** Letters of one fold as Unicode's simple case folding joins them: `K` and the Kelvin sign, `s` and the long s. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase();
}

function firstOf<Item>(items: Iterable<Item>, find: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function refuse(why: string): ReadCall {
  return { ok: false, why };
}
