import type { EraseContent } from "./commands.ts";
import { samePrincipal, strongEnough, type PrincipalRef } from "./principal.ts";
import { type Decision, reject, wrongState } from "./rejection.ts";
import { isTerminal, type ActionState, type AfterReview, type RecordedAction } from "./state.ts";

/**
 * Contents go when the action has ended. Before that only by force: nobody can approve it from then on, and what was approved already stays so. No
 * agent erases, a human needs a second factor, and nobody erases the evidence of what it asked for or decided, under whatever account.
 */
export function eraseContent(command: EraseContent, state: ActionState): Decision {
  if (state.status === "NONE") return reject("NOT_FOUND");
  const { at, caller, aliases, digests, reason, force } = command;
  if (caller.type === "agent" || caller.chain.length > 0) return reject("NOT_HUMAN");
  if (caller.type === "human" && !strongEnough(caller.signIn, "mfa")) return reject("SIGN_IN_TOO_WEAK");
  if (tookPart(state, [caller, ...aliases])) return reject("SELF_APPROVAL");
  if (digests.length === 0) return [];
  if (!force && !isTerminal(state)) return wrongState("an action that has ended, and its after-review too, or `force`");
  return [{ type: "ContentErased", at, digests, reason }];
}

/** Who broke the glass has the most to hide, and who judged that comes next. */
function partInGlass({ reviewer, standing, closed }: AfterReview): readonly PrincipalRef[] {
  return [reviewer, ...standing.principals, ...(closed === undefined ? [] : [closed.reviewer])];
}

function tookPart(state: RecordedAction, own: readonly PrincipalRef[]): boolean {
  const { requester } = state;
  const review = "review" in state ? state.review : undefined;
  const others = [
    requester,
    ...requester.chain,
    ...(requester.owner === undefined ? [] : [requester.owner]),
    ...(review?.editors.flatMap(({ principal, principals }) => [principal, ...principals]) ?? []),
    ...(review?.votes.flatMap(({ reviewer, standing }) => [reviewer, ...standing.principals]) ?? []),
    ...(review?.afterReview === undefined ? [] : partInGlass(review.afterReview)),
    ...(review?.comments.flatMap(({ author, standing }) => [author, ...(standing?.principals ?? [])]) ?? []),
  ];
  return others.some((other) => own.some((one) => samePrincipal(other, one)));
}
