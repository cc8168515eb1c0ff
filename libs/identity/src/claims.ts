import { create } from "@bufbuild/protobuf";
import { PrincipalSchema, PrincipalType, type Principal } from "@countersign/proto/v1/principal_pb";
import type { JWTPayload } from "jose";
import { AuthenticationError } from "./authentication-error.ts";
import { readDelegation, readReference } from "./delegation.ts";
import { TENANT_NAME, type IssuerConfig } from "./issuer-config.ts";

const TYPES = { human: PrincipalType.HUMAN, agent: PrincipalType.AGENT, service: PrincipalType.SERVICE } as const;
const MAX_GROUPS = 256;
const MAX_ROLES = 64;

/**
 * What verified claims say about the caller. Nothing is guessed: a claim that is missing, of another shape or beyond its cap refuses the
 * token, since a principal with half its groups or chain is another principal.
 * @throws AuthenticationError TOKEN_INVALID, naming the claim.
 */
export function principalOf(payload: JWTPayload, issuer: IssuerConfig): Principal {
  const { claims } = issuer;
  const subject = readReference(payload.sub, "sub", issuer.issuer);
  const delegation = readDelegation(payload["act"], subject, issuer.issuer);
  const actorIssuer = delegation?.actor.issuer ?? issuer.issuer;
  // Its tokens would otherwise call as anybody of any issuer, without that one's owner and roles.
  if (actorIssuer !== issuer.issuer && !issuer.actorIssuers.includes(actorIssuer)) {
    throw refusal("names an actor of an issuer that its own may not speak for");
  }
  const owner = claimAt(payload, claims.owner);
  return create(PrincipalSchema, {
    tenant: tenantOf(claimAt(payload, claims.tenant), issuer),
    type: typeOf(delegation === undefined ? claimAt(payload, claims.type) : (delegation.type ?? "agent")),
    issuer: delegation?.actor.issuer ?? subject.issuer,
    id: delegation?.actor.id ?? subject.id,
    groups: textsOf(claimAt(payload, claims.groups), "groups", MAX_GROUPS),
    roles: textsOf(claimAt(payload, claims.roles), "roles", MAX_ROLES),
    chain: delegation?.chain ?? [],
    ...(owner === undefined ? {} : { owner: readReference(owner, "owner", issuer.issuer) }),
  });
}

function claimAt(payload: JWTPayload, path: string | readonly string[]): unknown {
  let value: unknown = payload;
  for (const name of typeof path === "string" ? [path] : path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function tenantOf(claim: unknown, { tenants }: IssuerConfig): string {
  const only = tenants !== "*" && tenants.length === 1 ? tenants[0] : undefined;
  const tenant = claim ?? only;
  if (typeof tenant !== "string" || !TENANT_NAME.test(tenant)) throw refusal("names no tenant, or not as [a-z0-9][a-z0-9-]{0,62}");
  if (tenants !== "*" && !tenants.includes(tenant)) throw refusal("names a tenant that its issuer may not speak for");
  return tenant;
}

function typeOf(claim: unknown): PrincipalType {
  if (typeof claim === "string" && Object.hasOwn(TYPES, claim)) return TYPES[claim as keyof typeof TYPES];
  throw refusal("does not say whether its principal is human, agent or service");
}

function textsOf(claim: unknown, name: string, max: number): string[] {
  if (claim === undefined) return [];
  if (!isTexts(claim)) throw refusal(`has ${name} that are not an array of strings of 1 to 256 characters`);
  if (claim.length > max) throw refusal(`has more than ${max} ${name}`);
  return [...claim];
}

function isTexts(claim: unknown): claim is readonly string[] {
  return Array.isArray(claim) && claim.every((text) => typeof text === "string" && text !== "" && text.length <= 256);
}

function refusal(problem: string): AuthenticationError {
  return new AuthenticationError("TOKEN_INVALID", `the token ${problem}`);
}
