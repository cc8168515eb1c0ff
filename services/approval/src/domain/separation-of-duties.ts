import { type Principal, type PrincipalRef, samePrincipal } from "./principal.ts";
import type { Review } from "./state.ts";

/** P3: the requester, everybody it acts for or through, and its owner. They have no vote at all; the requester may cancel. */
export function causedRequest(requester: Principal, who: PrincipalRef): boolean {
  return (
    samePrincipal(requester, who) ||
    requester.chain.some((link) => samePrincipal(link, who)) ||
    (requester.owner !== undefined && samePrincipal(requester.owner, who))
  );
}

/** P3: an editor caused part of what is now asked, also when somebody edited again later; may still reject or edit. */
export function causedEdit(review: Review, who: PrincipalRef): boolean {
  return review.editors.some((editor) => samePrincipal(editor, who));
}
