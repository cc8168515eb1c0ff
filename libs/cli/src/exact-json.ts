import type { JsonValue } from "@countersign/digest";

/** JSON that programs read differently: reviewers would be shown what this one makes of it, and something else might run. */
export class InexactJsonError extends Error {
  override readonly name = "InexactJsonError";
}

/**
 * I-JSON (RFC 7493): no number that a double cannot hold, and no name twice in one object.
 * @throws SyntaxError what is no JSON
 * @throws InexactJsonError what is no I-JSON
 */
export function parseExactJson(text: string): JsonValue {
  const value = JSON.parse(text, (_name, member: unknown, { source }: { source?: string } = {}) => {
    if (typeof member === "number" && source !== undefined && !isSame(source, member))
      throw new InexactJsonError(`must hold ${source} as a text ("${source}"): as a number it is ${member}`);
    return member;
  }) as JsonValue;
  if (members(text) > members(JSON.stringify(value))) throw new InexactJsonError("must not name a member of an object twice");
  return value;
}

/** Whether a number as it was written is what became of it: zeros and the place of the point apart, it has the same digits. */
function isSame(source: string, value: number): boolean {
  return Number.isFinite(value) && digits(source) === digits(String(value));
}

function digits(number: string): string {
  return number
    .replace(/e.*$/i, "")
    .replaceAll(/[-.]/g, "")
    .replaceAll(/^0+|0+$/g, "");
}

/** Each has one colon outside of texts. */
function members(json: string): number {
  return json.replaceAll(/"(?:[^"\\]|\\.)*"/g, "").split(":").length;
}
