import type { DigestInput } from "./action-digest.ts";
import type { JsonValue } from "./canonical-json.ts";

/** Bytes that the members of one action may have as JSON. */
export const MAX_JSON_BYTES: number = 128 * 1024;
const MAX_DEPTH = 32;

/** What is wrong with a field, and how to mend it. */
export type JsonFlaw = { readonly field: string; readonly description: string };

/**
 * P1: why a value may be no member of an action: it must be I-JSON (RFC 7493) with numbers that are exact, nested at most 32 deep. One rule for what is asked
 * for and for what a reviewer makes of it.
 */
export function jsonFlaws(field: string, value: JsonValue): readonly JsonFlaw[] {
  const flaws: JsonFlaw[] = [];
  gather(flaws, field, value, 1);
  return flaws;
}

type Parts = { readonly [part in Exclude<keyof DigestInput, "tenant">]?: DigestInput[part] | undefined };

/** Why an input is too large, be it asked for or edited. */
export function sizeFlaw(field: string, { subject, action, resource, context }: Parts): JsonFlaw | undefined {
  const size = jsonBytes([
    [subject?.type, subject?.id, subject?.properties],
    [action?.name, action?.properties],
    [resource?.type, resource?.id, resource?.properties],
    context,
  ]);
  if (size <= MAX_JSON_BYTES) return undefined;
  return { field, description: `has ${size} bytes as JSON; at most ${MAX_JSON_BYTES} are taken: pass a reference instead of the data` };
}

/** In UTF-8. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function gather(flaws: JsonFlaw[], field: string, value: JsonValue, depth: number): void {
  const number = typeof value === "number" ? numberFlaw(value) : undefined;
  if (number !== undefined) flaws.push({ field, description: number });
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) {
    flaws.push({ field, description: `is nested more than ${MAX_DEPTH} deep` });
    return;
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) gather(flaws, `${field}[${index}]`, item, depth + 1);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    // Programs disagree on what it means, and a parameter that one of them does not see is not covered by a review.
    if (name === "__proto__") flaws.push({ field, description: "must not have a member named __proto__" });
    else gather(flaws, `${field}.${name}`, member, depth + 1);
  }
}

function numberFlaw(value: number): string | undefined {
  if (!Number.isFinite(value)) return "must be a finite number: JSON has no other";
  // On its way it became a double, as did its neighbours: one digest would stand for all of them.
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    return "is a whole number that a double cannot tell from its neighbours; send it as a text";
  return undefined;
}
