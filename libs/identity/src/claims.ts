import { create } from "@bufbuild/protobuf";
import { PrincipalSchema, PrincipalType, SignInStrength, type Principal } from "@countersign/proto/v1/principal_pb";
import type { JWTPayload } from "jose";
import { AuthenticationError } from "./authentication-error.ts";
import { type Delegation, readDelegation, readReference, type Reference } from "./delegation.ts";
import { mayGive, speaksFor, TENANT_NAME, type IssuerConfig } from "./issuer-config.ts";

const TYPES = { human: PrincipalType.HUMAN, agent: PrincipalType.AGENT, service: PrincipalType.SERVICE } as const;
const MAX_GROUPS = 256;
const MAX_ROLES = 64;

/** Who a token is about, and the roles that it claims and its issuer may not give. */
export type Claimed = { readonly principal: Principal; readonly withheldRoles: readonly string[] };

/**
 * What verified claims say about the caller. Nothing is guessed: a claim that is missing, of another shape or beyond its cap refuses the
 * token, since a principal with half its groups or chain is another principal.
 * @param issuers all that are configured.
 * @param strength how strongly the person whom the token is about signed in. It says nothing about an actor.
 * @throws AuthenticationError TOKEN_INVALID, naming the claim.
 */
export function principalOf(
  payload: JWTPayload,
  issuer: IssuerConfig,
  issuers: readonly IssuerConfig[],
  strength: SignInStrength,
): Claimed {
  const { claims } = issuer;
  const delegation = readDelegation(payload["act"], issuer.issuer);
  const subject = subjectOf(payload, delegation, issuer);
  const actorIssuer = delegation?.actor.issuer ?? issuer.issuer;
  // Its tokens would otherwise call as anybody of any issuer, without that one's owner and roles.
  if (actorIssuer !== issuer.issuer && !issuer.actorIssuers.includes(actorIssuer)) {
    throw refusal("names an actor of an issuer that its own may not speak for");
  }
  const type = typeOf(payload, delegation, issuer);
  const owner = claimAt(payload, claims.owner);
  if (issuer.agentsNeedOwner && type === PrincipalType.AGENT && owner === undefined && delegation === undefined) {
    throw refusal("says neither who owns its agent nor for whom it acts");
  }
  const roles = rolesOf(claimAt(payload, claims.roles), issuer);
  const tenant = tenantOf(claimAt(payload, claims.tenant), issuer);
  const principal = create(PrincipalSchema, {
    tenant,
    type,
    issuer: actorIssuer,
    id: delegation?.actor.id ?? subject.id,
    groups: groupsOf(payload, issuer),
    roles: roles.filter((role) => mayGive(issuer, role)),
    chain: delegation === undefined ? [] : chainOf(payload, delegation, subject, issuer),
    ...(owner === undefined ? {} : { owner: ownerOf(owner, tenant, issuer, issuers) }),
    signIn: type === PrincipalType.HUMAN && delegation === undefined ? strength : SignInStrength.UNSPECIFIED,
  });
  return { principal, withheldRoles: roles.filter((role) => !mayGive(issuer, role)) };
}

/**
 * P3: whom the token is about: one of its issuer's own (`sub`). Whoever acts may do so for somebody of another issuer, where the settings say so; RFC 9493 has
 * `sub_id` for that. A caller of its own is never taken for somebody of another issuer.
 */
function subjectOf(payload: JWTPayload, delegation: Delegation | undefined, issuer: IssuerConfig): Reference {
  // By RFC 7519 it is a text: what says more about itself is no JWT that anybody meant.
  if (typeof payload.sub !== "string") throw refusal("has no well-formed sub: it must be a string");
  const own = readReference(payload.sub, "sub", issuer.issuer);
  const named = delegation === undefined ? undefined : payload["sub_id"];
  if (memberOf(named, "format") !== "iss_sub") return own;
  const subject = readReference({ iss: memberOf(named, "iss") ?? "", sub: memberOf(named, "sub") }, "sub_id", "");
  if (subject.issuer === own.issuer && subject.id !== own.id) throw refusal("names two subjects, by sub and by sub_id");
  if (subject.issuer === own.issuer || issuer.subjectIssuers.includes(subject.issuer)) return subject;
  throw refusal("names by sub_id a subject of an issuer that its own may not speak for: list that one in subjectIssuers");
}

/** Everybody whom the actor acts for or through, nearest first; each with what it is, where the token says that. */
function chainOf(payload: JWTPayload, { earlier }: Delegation, subject: Reference, issuer: IssuerConfig) {
  const through = earlier.map(({ type, ...actor }) => ({ ...actor, type: linkType(type, "agent", issuer) }));
  return [...through, { ...subject, type: linkType(claimAt(payload, issuer.claims.type), issuer.defaultType, issuer) }];
}

/** Not set where nobody can say: it may be a human then. */
function linkType(claim: unknown, otherwise: IssuerConfig["defaultType"], { types }: IssuerConfig): PrincipalType {
  const type = claim === undefined ? otherwise : typeof claim === "string" && Object.hasOwn(types, claim) ? types[claim] : undefined;
  return type === undefined ? PrincipalType.UNSPECIFIED : TYPES[type];
}

/** P3: an owner who is taken for somebody at another issuer than the one where people sign in is barred from nothing. */
function ownerOf(claim: unknown, tenant: string, issuer: IssuerConfig, issuers: readonly IssuerConfig[]): Reference {
  const owner = readReference(claim, "owner", issuer.ownerIssuer ?? "");
  if (owner.issuer !== "") return owner;
  if (issuers.some((other) => other.issuer !== issuer.issuer && speaksFor(other, tenant))) {
    throw refusal(
      "names its owner by an id alone, and several issuers speak for its tenant: have it carry {iss, sub}, or set ownerIssuer for its issuer",
    );
  }
  return { ...owner, issuer: issuer.issuer };
}

function claimAt(payload: JWTPayload, path: string | readonly string[]): unknown {
  let value: unknown = payload;
  for (const name of typeof path === "string" ? [path] : path) {
    value = memberOf(value, name);
  }
  return value;
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

function tenantOf(claim: unknown, { tenants }: IssuerConfig): string {
  const tenant = claim === undefined ? onlyTenant(tenants) : tenantNamed(claim, tenants);
  if (tenant !== undefined && TENANT_NAME.test(tenant)) return tenant;
  throw refusal("names no tenant that its issuer may speak for, or not as [a-z0-9][a-z0-9-]{0,62}");
}

function onlyTenant(tenants: IssuerConfig["tenants"]): string | undefined {
  const all = tenants === "*" ? [] : [...new Set(Object.values(tenants))];
  return all.length === 1 ? all[0] : undefined;
}

function tenantNamed(claim: unknown, tenants: IssuerConfig["tenants"]): string | undefined {
  if (typeof claim !== "string") return undefined;
  if (tenants === "*") return claim;
  if (Array.isArray(tenants)) return tenants.find((tenant) => tenant === claim);
  return Object.hasOwn(tenants, claim) ? tenants[claim] : undefined;
}

/** Who acts by an `act` claim is an agent unless that claim says otherwise; the token's own type claim is about its subject. */
function typeOf(payload: JWTPayload, delegation: Delegation | undefined, { claims, types, defaultType }: IssuerConfig): PrincipalType {
  const claim = delegation === undefined ? claimAt(payload, claims.type) : delegation.actor.type;
  if (claim === undefined) {
    const otherwise = delegation === undefined ? defaultType : "agent";
    if (otherwise !== undefined) return TYPES[otherwise];
  }
  const type = typeof claim === "string" && Object.hasOwn(types, claim) ? types[claim] : undefined;
  if (type === undefined) throw refusal("does not say whether its principal is human, agent or service");
  return TYPES[type];
}

function groupsOf(payload: JWTPayload, { claims, groupsFrom }: IssuerConfig): string[] {
  if (groupsFrom === "directory") return [];
  const groups = claimAt(payload, claims.groups);
  if (groups === undefined && isOverage(payload, claims.groups)) {
    throw refusal(
      "leaves its groups out because they are too many (_claim_names): have the issuer send only the groups assigned to the application, or take groups from the directory",
    );
  }
  return textsOf(groups, "groups", MAX_GROUPS);
}

/** OpenID Connect Core, 5.6.2: the claim is to be fetched elsewhere. Entra does so above 200 groups, and says `hasgroups` where tokens must be short. */
function isOverage(payload: JWTPayload, path: string | readonly string[]): boolean {
  const [first] = [path].flat();
  return memberOf(payload["_claim_names"], first ?? "") !== undefined || payload["hasgroups"] !== undefined;
}

function rolesOf(claim: unknown, { roles }: IssuerConfig): string[] {
  const values = textsOf(claim, "roles", roles === undefined ? MAX_ROLES : MAX_GROUPS);
  if (roles === undefined) return values;
  return [...new Set(values.flatMap((value) => (Object.hasOwn(roles, value) ? (roles[value] ?? []) : [])))];
}

function textsOf(claim: unknown, name: string, max: number): string[] {
  if (claim === undefined) return [];
  if (!isTexts(claim)) throw refusal(`has ${name} that are not an array of strings of 1 to 256 characters`);
  if (claim.length > max) throw refusal(`has more than ${max} ${name}`);
  return [...claim];
}

function isTexts(claim: unknown): claim is readonly string[] {
  return (
    Array.isArray(claim) && claim.every((text) => typeof text === "string" && text !== "" && text.length <= 256 && text.isWellFormed())
  );
}

function refusal(problem: string): AuthenticationError {
  return new AuthenticationError("TOKEN_INVALID", `the token ${problem}`);
}
