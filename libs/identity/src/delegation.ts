import { AuthenticationError } from "./authentication-error.ts";

export type Reference = { readonly issuer: string; readonly id: string };

/** Longest chain taken; a longer one is refused, never cut, because everybody on it is barred from approving. */
const MAX_CHAIN = 8;

/** An actor, with its `principal_type` if it carries one. */
export type Actor = Reference & { readonly type: unknown };

/** Who calls when a token carries an RFC 8693 `act` claim; the actors that it acts through, nearest first, for the token's subject. */
export type Delegation = { readonly actor: Actor; readonly earlier: readonly Actor[] };

/**
 * Reads the `act` claim (RFC 8693, 4.1): the outermost actor is the one that calls, the nested ones acted before it.
 * @throws AuthenticationError TOKEN_INVALID when any part of it is malformed.
 */
export function readDelegation(act: unknown, issuer: string): Delegation | undefined {
  if (act === undefined) return undefined;
  const actors: Actor[] = [];
  for (let next: unknown = act; next !== undefined; next = memberOf(next, "act")) {
    if (actors.length === MAX_CHAIN) throw refusal(`has an act chain longer than ${MAX_CHAIN}`);
    const named = readReference({ iss: memberOf(next, "iss"), sub: memberOf(next, "sub") }, "act", issuer);
    actors.push({ ...named, type: memberOf(next, "principal_type") });
  }
  const [actor, ...earlier] = actors;
  return actor && { actor, earlier };
}

/**
 * Reads an id, or `{iss, sub}`; without `iss` it is the token's issuer.
 * @throws AuthenticationError TOKEN_INVALID when it is neither.
 */
export function readReference(claim: unknown, name: string, issuer: string): Reference {
  const id = typeof claim === "object" && claim !== null ? memberOf(claim, "sub") : claim;
  const namedIssuer = typeof claim === "object" && claim !== null ? memberOf(claim, "iss") : undefined;
  if (!isName(id, 256) || !(namedIssuer === undefined || isName(namedIssuer, 512))) {
    throw refusal(`has no well-formed ${name}: 1 to 256 characters, none of them control characters`);
  }
  return { issuer: namedIssuer ?? issuer, id };
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refusal("has a malformed act claim");
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function isName(value: unknown, max: number): value is string {
  return typeof value === "string" && value !== "" && value.length <= max && value.isWellFormed() && !/\p{Cc}/u.test(value);
}

function refusal(problem: string): AuthenticationError {
  return new AuthenticationError("TOKEN_INVALID", `the token ${problem}`);
}
