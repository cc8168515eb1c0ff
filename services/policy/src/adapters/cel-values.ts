import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { celMap, type CelInput, type CelMap } from "@bufbuild/cel";
import type { EvaluationInput, JsonObject, JsonValue, Principal, PrincipalRef } from "../domain/input.ts";

/** How much a condition could have to look at. */
export type InputSize = {
  readonly values: number;
  readonly longestCollection: number;
  readonly longestText: number;
  readonly longestName: number;
};

const MAX_DEPTH = 64;

/**
 * An input as CEL sees it, made once for all conditions and only as far as they look. JSON objects become maps: the library would take
 * members such as `constructor` or `$typeName` of a plain object for something else.
 */
export class CelValues {
  readonly #input: EvaluationInput;
  readonly #size = { values: 0, longestCollection: 0, longestText: 0, longestName: 0 };
  #principal: CelMap | undefined;
  readonly subject: CelMap;
  readonly action: CelMap;
  readonly resource: CelMap;
  readonly context: CelMap;

  constructor(input: EvaluationInput) {
    this.#input = input;
    const { subject, action, resource } = input;
    this.subject = mapOf([
      ["type", subject.type],
      ["id", subject.id],
      ["properties", this.#map(subject.properties, 0)],
    ]);
    this.action = mapOf([
      ["name", action.name],
      ["properties", this.#map(action.properties, 0)],
    ]);
    this.resource = mapOf([
      ["type", resource.type],
      ["id", resource.id],
      ["properties", this.#map(resource.properties, 0)],
    ]);
    this.context = this.#map(input.context, 0);
    const names = [input.principal.id, subject.type, subject.id, action.name, resource.type, resource.id];
    for (const name of names) this.#measureText(name);
    this.#size.longestName = Math.max(...names.map(({ length }) => length));
    this.#measurePrincipal(input.principal);
  }

  get size(): InputSize {
    return this.#size;
  }

  get principal(): CelMap {
    return (this.#principal ??= toPrincipalMap(this.#input.principal));
  }

  get now() {
    const { timeMs } = this.#input;
    const seconds = Math.floor(timeMs / 1000);
    return create(TimestampSchema, { seconds: BigInt(seconds), nanos: (timeMs - seconds * 1000) * 1_000_000 });
  }

  #map(value: JsonObject, depth: number): CelMap {
    if (depth > MAX_DEPTH) throw new Error(`the input is nested more than ${MAX_DEPTH} deep`);
    // As they are recorded, in canonical JSON: the same action has the same verdict, however it was sent.
    const keys = Object.keys(value).toSorted();
    this.#measureCollection(keys.length);
    const members = keys.map((key): Member => {
      this.#measureText(key);
      return [key, this.#value(value[key] ?? null, depth + 1)];
    });
    return mapOf(members);
  }

  #value(value: JsonValue, depth: number): CelInput {
    if (typeof value === "string") this.#measureText(value);
    // -0 is recorded as 0, and 0 runs.
    if (value === 0) return 0;
    if (typeof value !== "object" || value === null) return value;
    if (!isArray(value)) return this.#map(value, depth);
    if (depth > MAX_DEPTH) throw new Error(`the input is nested more than ${MAX_DEPTH} deep`);
    this.#measureCollection(value.length);
    return value.map((item) => this.#value(item, depth + 1));
  }

  #measurePrincipal({ issuer, tenant, groups, roles, chain, owner }: Principal): void {
    const refs = owner === undefined ? chain : [...chain, owner];
    for (const texts of [[issuer, tenant], groups, roles, refs.map((ref) => ref.issuer), refs.map((ref) => ref.id)]) {
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

function toPrincipalMap(principal: Principal): CelMap {
  const members: Member[] = [
    ["tenant", principal.tenant],
    ["type", principal.type],
    ["issuer", principal.issuer],
    ["id", principal.id],
    ["groups", principal.groups],
    ["roles", principal.roles],
    ["chain", principal.chain.map(toRefMap)],
  ];
  if (principal.owner !== undefined) members.push(["owner", toRefMap(principal.owner)]);
  return mapOf(members);
}

function toRefMap(ref: PrincipalRef): CelMap {
  return mapOf([
    ["issuer", ref.issuer],
    ["id", ref.id],
  ]);
}

type Member = readonly [string, CelInput];

/** The library takes a member that is null for none. In CEL it is one: `!has(rows) || rows < 1000` must not hold for `null`. */
function mapOf(members: readonly Member[]): CelMap {
  const native = new Map(members);
  return Object.assign(celMap(native), { has: (name: unknown) => typeof name === "string" && native.has(name) });
}
