/** Names a principal in one string: issuer and id together, never the id alone. No two pairs share a key. */
export type PrincipalKey = string;

export function principalKey(principal: { readonly issuer: string; readonly id: string }): PrincipalKey {
  return JSON.stringify([principal.issuer, principal.id]);
}

/** Names a principal together with everybody it acts for or through, nearest first: `bot for Ann` is another caller than `bot for Bob`. */
export type CallerKey = string;

export function callerKey(caller: { readonly issuer: string; readonly id: string; readonly chain: readonly PrincipalKey[] }): CallerKey {
  return JSON.stringify([caller.issuer, caller.id, ...caller.chain]);
}
