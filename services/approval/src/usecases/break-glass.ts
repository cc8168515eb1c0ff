import type { Finding, Hex } from "../domain/values.ts";
import { inputOf, textContent, toHex, unstored } from "./content.ts";
import { handle, type Handled } from "./handle.ts";
import { noteVoteRefused } from "./note-refusal.ts";
import type { ActionRef, Caller, Deps } from "./ports.ts";
import { grantOnApproval, type Shown } from "./submit-vote.ts";
import { sayingWhatChanged } from "./what-changed.ts";
import { whoSpeaks } from "./who-speaks.ts";

/** One human approves alone, signed as a vote is. */
export async function breakGlass(deps: Deps, { principal: reviewer, traceparent }: Caller, given: Shown): Promise<Handled> {
  const { ref, digest, version, shownDigest } = given;
  const content = textContent(given.reason);
  if (content === undefined) return { outcome: "refused", code: "REASON_REQUIRED" };
  const handled = await handle(deps.store, ref, { actor: reviewer, traceparent }, async (view) => {
    const { state, contents } = view;
    const at = deps.clock().getTime();
    const speakers = await whoSpeaks(deps, reviewer, state, at);
    if (speakers === undefined) return { refusal: "DIRECTORY_UNREACHABLE" };
    if (state.status === "IN_REVIEW" && inputOf(contents, state.input) === undefined) return { refusal: "CONTENT_ERASED" };
    const { standings, strangers } = speakers;
    const stage = state.status === "IN_REVIEW" ? state.review.openStage : 0;
    const ballot = { tenant: ref.tenant, actionId: ref.id, digest, shownDigest, reviewer, decision: "break_glass", stage, at } as const;
    const shown = { given: shownDigest, now: deps.views.digest(view) };
    const [signature, grant] = await Promise.all([deps.signer.signVote(ballot), grantOnApproval(deps, ref, state, digest, at)]);
    const signed = { keyId: deps.signer.keyId, signature };
    const said = { digest, version, shown, reason: toHex(content.digest), ...signed, grant };
    return { command: { type: "BreakGlass", at, reviewer, standings, strangers, ...said }, contents: unstored(contents, content) };
  });
  await noteVoteRefused(deps, ref, reviewer, handled);
  return sayingWhatChanged(deps, given, handled);
}

/** Another reviewer says afterwards whether it was right. */
export async function closeAfterReview(
  deps: Deps,
  { principal: reviewer, traceparent }: Caller,
  { ref, finding, reason }: { readonly ref: ActionRef; readonly finding: Finding; readonly reason: string },
): Promise<Handled> {
  const content = textContent(reason);
  if (content === undefined) return { outcome: "refused", code: "REASON_REQUIRED" };
  const said: Hex = toHex(content.digest);
  const handled = await handle(deps.store, ref, { actor: reviewer, traceparent }, async ({ state, contents }) => {
    const at = deps.clock().getTime();
    const speakers = await whoSpeaks(deps, reviewer, state, at);
    if (speakers === undefined) return { refusal: "DIRECTORY_UNREACHABLE" };
    const { standings, strangers } = speakers;
    const judged = { at, reviewer, standings, strangers, finding, reason: said };
    return { command: { type: "CloseAfterReview", ...judged }, contents: unstored(contents, content) };
  });
  await noteVoteRefused(deps, ref, reviewer, handled);
  return handled;
}
