/** Names a principal. Issuer and id together: the same id at two issuers is two principals. */
export type PrincipalRef = { readonly issuer: string; readonly id: string };

export type PrincipalType = "human" | "agent" | "service";

/** Who calls, as the verified token says. */
export type Principal = PrincipalRef & {
  readonly tenant: string;
  readonly type: PrincipalType;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  /** Everybody it acts for or through, nearest first. */
  readonly chain: readonly PrincipalRef[];
  /** The human who answers for an agent. */
  readonly owner: PrincipalRef | undefined;
};

export function samePrincipal(one: PrincipalRef, other: PrincipalRef): boolean {
  return one.id === other.id && one.issuer === other.issuer;
}

export function toRef(principal: PrincipalRef): PrincipalRef {
  return { issuer: principal.issuer, id: principal.id };
}
