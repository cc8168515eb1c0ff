import type { Principal } from "@countersign/proto/v1/principal_pb";

/** A caller whose token or certificate was verified. */
export type Authenticated = {
  /** Frozen, and shared by all calls with the same token. */
  readonly principal: Principal;
  /** Roles that the token claims and its issuer may not give here: they are none of the principal's. */
  readonly withheldRoles: readonly string[];
  /** From then on the token is not accepted any more; whoever keeps a call open ends it then. */
  readonly expiresAt: Date;
};
