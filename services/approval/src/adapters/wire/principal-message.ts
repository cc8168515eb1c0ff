import { create } from "@bufbuild/protobuf";
import { encodePart } from "@countersign/events";
import {
  PrincipalSchema,
  PrincipalType,
  type Principal as PrincipalMessage,
  type PrincipalRef as RefMessage,
  SignInStrength,
} from "@countersign/proto/v1/principal_pb";
import type { Link, Principal, PrincipalRef, PrincipalType as Type, SignIn } from "../../domain/principal.ts";
import { oncePer } from "./once-per.ts";

const TYPES: Readonly<Record<Type, PrincipalType>> = {
  human: PrincipalType.HUMAN,
  agent: PrincipalType.AGENT,
  service: PrincipalType.SERVICE,
};

export const SIGN_INS: Readonly<Record<SignIn, SignInStrength>> = {
  any: SignInStrength.UNSPECIFIED,
  chat: SignInStrength.CHAT,
  session: SignInStrength.SESSION,
  mfa: SignInStrength.MFA,
};

export const toPrincipalMessage = oncePer((principal: Principal): PrincipalMessage => {
  const { tenant, type, groups, roles, chain, owner, signIn } = principal;
  return create(PrincipalSchema, {
    tenant,
    type: TYPES[type],
    ...toRefMessage(principal),
    groups: [...groups],
    roles: [...roles],
    chain: chain.map(toLinkMessage),
    ...(owner && { owner: toRefMessage(owner) }),
    signIn: SIGN_INS[signIn],
  });
});

export const encodedPrincipal = oncePer((principal: Principal) => encodePart(PrincipalSchema, toPrincipalMessage(principal)));

function toLinkMessage({ type, ...link }: Link) {
  return { ...toRefMessage(link), ...(type && { type: TYPES[type] }) };
}

/** What this build does not know may be a human. */
function fromLinkMessage(message: RefMessage): Link {
  const type = fromType(message.type);
  return { ...fromRefMessage(message), ...(type && { type }) };
}

export function toRefMessage({ issuer, id }: PrincipalRef) {
  return { issuer, id };
}

/** Undefined for a type of principal that this build does not know: it can be nobody who may do anything. */
export function fromPrincipalMessage(message: PrincipalMessage): Principal | undefined {
  const type = fromType(message.type);
  if (type === undefined) return undefined;
  const { tenant, issuer, id, groups, roles, owner } = message;
  const chain = message.chain.map(fromLinkMessage);
  return { tenant, type, issuer, id, groups, roles, chain, owner: owner && fromRefMessage(owner), signIn: fromSignIn(message.signIn) };
}

export function fromRefMessage({ issuer, id }: RefMessage): PrincipalRef {
  return { issuer, id };
}

/** What this build does not know is weaker than all others. */
export function fromSignIn(signIn: SignInStrength): SignIn {
  switch (signIn) {
    case SignInStrength.CHAT:
      return "chat";
    case SignInStrength.SESSION:
      return "session";
    case SignInStrength.MFA:
      return "mfa";
    default:
      return "any";
  }
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
