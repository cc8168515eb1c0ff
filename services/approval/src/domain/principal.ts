/** Names a principal. Issuer and id together: the same id at two issuers is two principals. */
export type PrincipalRef = { readonly issuer: string; readonly id: string };

export type PrincipalType = "human" | "agent" | "service";

/** How strongly somebody had signed in, weakest first. `any`: not known. */
const SIGN_INS = ["any", "chat", "session", "mfa"] as const;
export type SignIn = (typeof SIGN_INS)[number];

/** Somebody whom a principal acts for or through. Without a type nobody said what it is: it may be a human. */
export type Link = PrincipalRef & { readonly type?: PrincipalType };

/** A principal together with everybody it acts for or through, nearest first: `bot for Ann` is another caller than `bot for Bob`. */
export type CallerRef = PrincipalRef & { readonly chain: readonly Link[] };

/** Who calls, as the verified token says. */
export type Principal = CallerRef & {
  readonly tenant: string;
  readonly type: PrincipalType;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  /** The human who answers for an agent. */
  readonly owner: PrincipalRef | undefined;
  /** How it signed in for this call. */
  readonly signIn: SignIn;
};

export function samePrincipal(one: PrincipalRef, other: PrincipalRef): boolean {
  return one.id === other.id && one.issuer === other.issuer;
}

/** P2, P8: what was asked for by one principal on behalf of one chain is nobody else's, also not the same program's on behalf of others. */
export function sameCaller(one: CallerRef, other: CallerRef): boolean {
  return (
    samePrincipal(one, other) &&
    one.chain.length === other.chain.length &&
    one.chain.every((link, index) => other.chain[index] !== undefined && samePrincipal(link, other.chain[index]))
  );
}

export function toRef(principal: PrincipalRef): PrincipalRef {
  return { issuer: principal.issuer, id: principal.id };
}

export function strongEnough(given: SignIn, least: SignIn): boolean {
  return SIGN_INS.indexOf(given) >= SIGN_INS.indexOf(least);
}
