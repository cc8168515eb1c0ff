import { isObjectLiteral, type JsonObject, type JsonValue } from "@countersign/digest";
import { parseExactJson } from "@countersign/review-view";

/** What pairs a response with its request. Null, which JSON-RPC has, MCP has not. */
export type Id = string | number;

/** What answers a request. */
export type Outcome = { readonly result: JsonObject } | { readonly error: JsonValue };

export type Message =
  | { readonly kind: "request"; readonly id: Id; readonly method: string; readonly params?: JsonObject }
  | { readonly kind: "notification"; readonly method: string; readonly params?: JsonObject }
  | { readonly kind: "response"; readonly id: Id; readonly outcome: Outcome };

/** Error codes of https://www.jsonrpc.org/specification#error_object. */
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;

/** A line that is no message; `id` when it says whom to tell. */
export type Malformed = { readonly kind: "malformed"; readonly id: Id | null; readonly code: number; readonly why: string };

const MEMBERS = new Set(["jsonrpc", "id", "method", "params", "result", "error"]);

/**
 * One line of MCP's stdio transport: one JSON-RPC 2.0 message. What another reader could understand otherwise than we do is malformed: lists of messages, a name
 * that is there twice, a number that no double holds, and a member that there is not, as `Method`, which readers that overlook case take for `method`.
 */
export function parseMessage(line: string): Message | Malformed {
  const value = parsed(line);
  if (value === undefined) return { kind: "malformed", id: null, code: PARSE_ERROR, why: "the line is not JSON" };
  if (!isObject(value)) return malformed(null, "must be one object: lists of messages are not taken");
  const { jsonrpc, id, method, params, result, error } = value;
  const whom = isId(id) ? id : null;
  const inexact = inexactnessOf(line);
  if (inexact !== undefined) return malformed(whom, inexact);
  const strange = Object.keys(value).find((name) => !MEMBERS.has(name));
  if (strange !== undefined) return malformed(whom, `${strange} is no member of a message`);
  if (jsonrpc !== "2.0") return malformed(whom, 'jsonrpc must be "2.0"');
  if (id !== undefined && whom === null) return malformed(null, "id must be a string or a whole number");
  if (params !== undefined && !isObject(params)) return malformed(whom, "params must be an object");
  const more = params === undefined ? {} : { params };
  if (typeof method === "string") {
    if (result !== undefined || error !== undefined) return malformed(whom, "method, result and error exclude each other");
    return whom === null ? { kind: "notification", method, ...more } : { kind: "request", id: whom, method, ...more };
  }
  if (method !== undefined || whom === null) return malformed(whom, "needs a method, as text, or the id of what it answers");
  if (isObject(result) && error === undefined) return { kind: "response", id: whom, outcome: { result } };
  if (error !== undefined && result === undefined) return { kind: "response", id: whom, outcome: { error } };
  return malformed(whom, "a response has either a result, an object, or an error");
}

/** What a line of the server answers, and to whom; undefined when it answers nothing. */
export function parseAnswer(line: string): { readonly id: Id; readonly outcome: Outcome } | undefined {
  const value = parsed(line);
  if (!isObject(value) || !isId(value["id"]) || value["method"] !== undefined) return undefined;
  const { id, result, error = null } = value;
  return { id, outcome: isObject(result) ? { result } : { error } };
}

/** The message as a line, written from what was read of it: nobody after us reads what we did not. */
export function messageLine(message: Message): string {
  const { kind } = message;
  if (kind === "response") return responseLine(message.id, message.outcome);
  const { method, params } = message;
  return JSON.stringify({ jsonrpc: "2.0", ...(kind === "request" ? { id: message.id } : {}), method, ...(params && { params }) });
}

export function responseLine(id: Id | null, outcome: Outcome): string {
  return JSON.stringify({ jsonrpc: "2.0", id, ...outcome });
}

export function errorOutcome(code: number, message: string): Outcome {
  return { error: { code, message } };
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return isObjectLiteral(value);
}

function parsed(line: string): JsonValue | undefined {
  try {
    return JSON.parse(line) as JsonValue;
  } catch {
    return undefined;
  }
}

function inexactnessOf(line: string): string | undefined {
  try {
    parseExactJson(line);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function isId(id: JsonValue | undefined): id is Id {
  return typeof id === "string" || Number.isSafeInteger(id);
}

function malformed(id: Id | null, why: string): Malformed {
  return { kind: "malformed", id, code: INVALID_REQUEST, why };
}
