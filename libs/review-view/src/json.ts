/** A JSON value as it came with an action. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** One value inside a JSON document, with the way to it: `filter.tags[0]`. */
export type JsonLeaf = {
  readonly path: readonly (string | number)[];
  /** A scalar, or an object or list without members. */
  readonly value: JsonValue;
};

/** The leaves of an object in its own order. `stopAt` ends the descent at a member, which then comes as one leaf. */
export function leaves(value: JsonValue, stopAt: (key: string) => boolean, path: readonly (string | number)[] = []): readonly JsonLeaf[] {
  const last = path.at(-1);
  if ((typeof last === "string" && stopAt(last)) || typeof value !== "object" || value === null) return [{ path, value }];
  const members: readonly (readonly [string | number, JsonValue])[] = Array.isArray(value)
    ? value.map((member: JsonValue, index) => [index, member] as const)
    : Object.entries(value);
  if (members.length === 0) return [{ path, value }];
  return members.flatMap(([key, member]) => leaves(member, stopAt, [...path, key]));
}
