import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { CelInput } from "@bufbuild/cel";
import type { EvaluationInput, JsonObject, JsonValue, Principal, PrincipalRef } from "../domain/input.ts";

/** How much a condition could have to look at. */
export type InputSize = { readonly values: number; readonly longestCollection: number; readonly longestText: number };

export type CelMapInput = ReadonlyMap<string, CelInput>;

const MAX_DEPTH = 64;

/**
 * An input as CEL sees it, made once for all conditions and only as far as they look. JSON objects become maps: the library would take
 * members such as `constructor` or `$typeName` of a plain object for something else.
 */
export class CelValues {
  readonly #input: EvaluationInput;
  readonly #size = { values: 0, longestCollection: 0, longestText: 0 };
  #principal: CelMapInput | undefined;
  readonly subject: CelMapInput;
  readonly action: CelMapInput;
  readonly resource: CelMapInput;
  readonly context: CelMapInput;

  constructor(input: EvaluationInput) {
    this.#input = input;
    const { subject, action, resource } = input;
    this.subject = new Map<string, CelInput>([
      ["type", subject.type],
      ["id", subject.id],
      ["properties", this.#map(subject.properties, 0)],
    ]);
    this.action = new Map<string, CelInput>([
      ["name", action.name],
      ["properties", this.#map(action.properties, 0)],
    ]);
    this.resource = new Map<string, CelInput>([
      ["type", resource.type],
      ["id", resource.id],
      ["properties", this.#map(resource.properties, 0)],
    ]);
    this.context = this.#map(input.context, 0);
    for (const text of [subject.type, subject.id, action.name, resource.type, resource.id]) this.#measureText(text);
    this.#measurePrincipal(input.principal);
  }

  get size(): InputSize {
    return this.#size;
  }

  get principal(): CelMapInput {
    return (this.#principal ??= toPrincipalMap(this.#input.principal));
  }

  get now() {
    const { timeMs } = this.#input;
    const seconds = Math.floor(timeMs / 1000);
    return create(TimestampSchema, { seconds: BigInt(seconds), nanos: (timeMs - seconds * 1000) * 1_000_000 });
  }

  #map(value: JsonObject, depth: number): CelMapInput {
    if (depth > MAX_DEPTH) throw new Error(`the input is nested more than ${MAX_DEPTH} deep`);
    const map = new Map<string, CelInput>();
    const keys = Object.keys(value);
    this.#measureCollection(keys.length);
    for (const key of keys) {
      this.#measureText(key);
      map.set(key, this.#value(value[key] ?? null, depth + 1));
    }
    return map;
  }

  #value(value: JsonValue, depth: number): CelInput {
    if (typeof value === "string") this.#measureText(value);
    if (typeof value !== "object" || value === null) return value;
    if (!isArray(value)) return this.#map(value, depth);
    if (depth > MAX_DEPTH) throw new Error(`the input is nested more than ${MAX_DEPTH} deep`);
    this.#measureCollection(value.length);
    return value.map((item) => this.#value(item, depth + 1));
  }

  #measurePrincipal({ id, issuer, tenant, groups, roles, chain, owner }: Principal): void {
    const refs = owner === undefined ? chain : [...chain, owner];
    for (const texts of [[id, issuer, tenant], groups, roles, refs.map((ref) => ref.issuer), refs.map((ref) => ref.id)]) {
      this.#measureCollection(texts.length);
      for (const text of texts) this.#measureText(text);
    }
  }

  #measureCollection(length: number): void {
    this.#size.values += length + 1;
    this.#size.longestCollection = Math.max(this.#size.longestCollection, length);
  }

  #measureText(text: string): void {
    this.#size.longestText = Math.max(this.#size.longestText, text.length);
  }
}

function isArray(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function toPrincipalMap(principal: Principal): CelMapInput {
  const map = new Map<string, CelInput>([
    ["tenant", principal.tenant],
    ["type", principal.type],
    ["issuer", principal.issuer],
    ["id", principal.id],
    ["groups", principal.groups],
    ["roles", principal.roles],
    ["chain", principal.chain.map(toRefMap)],
  ]);
  if (principal.owner !== undefined) map.set("owner", toRefMap(principal.owner));
  return map;
}

function toRefMap(ref: PrincipalRef): CelMapInput {
  return new Map([
    ["issuer", ref.issuer],
    ["id", ref.id],
  ]);
}
