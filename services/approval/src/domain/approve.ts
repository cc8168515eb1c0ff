import type { GrantOffer } from "./commands.ts";
import type { ActionEvent } from "./events.ts";
import { type PrincipalRef, toRef } from "./principal.ts";
import type { Hex, Instant } from "./values.ts";

/** What an approval is, whoever gave it: the grant goes to the requester, for exactly this digest. */
export function approve(grant: GrantOffer, digest: Hex, requester: PrincipalRef, at: Instant): readonly ActionEvent[] {
  return [
    { type: "ActionApproved", at, digest },
    { type: "GrantIssued", at, principal: toRef(requester), digest, ...grant },
  ];
}
