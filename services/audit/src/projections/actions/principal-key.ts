/** Names a principal in one string: issuer and id together, never the id alone. No two pairs share a key. */
export type PrincipalKey = string;

export function principalKey(principal: { readonly issuer: string; readonly id: string }): PrincipalKey {
  return JSON.stringify([principal.issuer, principal.id]);
}
