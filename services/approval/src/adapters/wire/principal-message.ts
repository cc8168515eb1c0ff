import { PrincipalType, type Principal as PrincipalMessage, type PrincipalRef as RefMessage } from "@countersign/proto/v1/principal_pb";
import type { Principal, PrincipalRef, PrincipalType as Type } from "../../domain/principal.ts";

const TYPES: Readonly<Record<Type, PrincipalType>> = {
  human: PrincipalType.HUMAN,
  agent: PrincipalType.AGENT,
  service: PrincipalType.SERVICE,
};

export function toPrincipalMessage(principal: Principal) {
  const { tenant, type, groups, roles, chain, owner } = principal;
  return {
    tenant,
    type: TYPES[type],
    ...toRefMessage(principal),
    groups: [...groups],
    roles: [...roles],
    chain: chain.map(toRefMessage),
    ...(owner && { owner: toRefMessage(owner) }),
  };
}

export function toRefMessage({ issuer, id }: PrincipalRef) {
  return { issuer, id };
}

/** Undefined for a type of principal that this build does not know: it can be nobody who may do anything. */
export function fromPrincipalMessage(message: PrincipalMessage): Principal | undefined {
  const type = fromType(message.type);
  if (type === undefined) return undefined;
  const { tenant, issuer, id, groups, roles, owner } = message;
  return { tenant, type, issuer, id, groups, roles, chain: message.chain.map(fromRefMessage), owner: owner && fromRefMessage(owner) };
}

export function fromRefMessage({ issuer, id }: RefMessage): PrincipalRef {
  return { issuer, id };
}

function fromType(type: PrincipalType): Type | undefined {
  switch (type) {
    case PrincipalType.HUMAN:
      return "human";
    case PrincipalType.AGENT:
      return "agent";
    case PrincipalType.SERVICE:
      return "service";
    default:
      return undefined;
  }
}
