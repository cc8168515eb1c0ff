import type { PrincipalRef } from "@countersign/proto/v1/principal_pb";

/** Accounts as errors and the directory name them: `ISSUER#ID`. Not made visible yet. */
export function accountsText(accounts: readonly PrincipalRef[]): string {
  return accounts.map(({ issuer, id }) => `${issuer}#${id}`).join(", ");
}
