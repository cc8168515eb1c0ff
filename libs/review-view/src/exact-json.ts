import type { JsonValue } from "./json.ts";

/** JSON that programs read differently: reviewers would be shown what this one makes of it, and something else might run. Its message names the member. */
export class InexactJsonError extends Error {
  override readonly name = "InexactJsonError";
}

/**
 * I-JSON (RFC 7493): no number that a double cannot hold, and no name twice in one object.
 * @throws SyntaxError what is no JSON
 * @throws InexactJsonError what is no I-JSON
 */
export function parseExactJson(text: string): JsonValue {
  const value = JSON.parse(text) as JsonValue;
  checkTokens(text);
  return value;
}

/** An object or array that a token stands in. `names`: those that an object has so far. */
type Place = { readonly names?: Set<string>; at: string | number };

/** What is parsed no longer knows how it was written. */
function checkTokens(json: string): void {
  const path: Place[] = [];
  for (const [token, name] of json.matchAll(TOKEN)) {
    const place = path.at(-1);
    if (name !== undefined) addName(path, JSON.parse(name) as string);
    else if (token === "{") path.push({ names: new Set(), at: "" });
    else if (token === "[") path.push({ at: 0 });
    else if (token === "}" || token === "]") path.pop();
    else if (token === "," && typeof place?.at === "number") place.at++;
    else if (NUMBER.test(token)) checkNumber(path, token);
  }
}

/** A name with its colon, a text, a number, or a sign. */
const TOKEN = /("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\],]/g;
const NUMBER = /^[-\d]/;

function addName(path: readonly Place[], name: string): void {
  const place = path.at(-1);
  if (place?.names === undefined) return;
  place.at = name;
  if (place.names.has(name)) throw new InexactJsonError(`${pathText(path)} is named twice: name it once`);
  place.names.add(name);
}

function checkNumber(path: readonly Place[], source: string): void {
  const value = Number(source);
  if (isSame(source, value)) return;
  const shown = brief(source);
  throw new InexactJsonError(`${pathText(path)} must hold ${shown} as a text ("${shown}"): as a number it is ${value}`.trim());
}

/** Room for the largest number in full; to look for zeros takes time by the square of it. */
const MAX_DIGITS = 400;

/** Whether a number as it was written is what became of it: zeros and the place of the point apart, it has the same digits. */
function isSame(source: string, value: number): boolean {
  return source.length <= MAX_DIGITS && Number.isFinite(value) && digits(source) === digits(String(value));
}

function digits(number: string): string {
  return number
    .replace(/e.*$/i, "")
    .replaceAll(/[-.]/g, "")
    .replaceAll(/^0+|0+$/g, "");
}

/** `to[1].account` */
function pathText(path: readonly Place[]): string {
  const steps = path.map(({ at }) => (typeof at === "number" ? `[${at}]` : `.${brief(at) || '""'}`));
  return brief(steps.join("").replace(/^\./, ""));
}

function brief(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 40)}…${text.slice(-20)}`;
}
