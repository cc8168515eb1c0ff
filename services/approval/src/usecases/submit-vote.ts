import type { JsonObject } from "@countersign/digest";
import { admitEdit } from "../domain/ballot.ts";
import type { GrantOffer } from "../domain/commands.ts";
import { actsInPerson } from "../domain/eligibility.ts";
import { asEscalated } from "../domain/escalation.ts";
import type { Principal } from "../domain/principal.ts";
import { reject, wrongState } from "../domain/rejection.ts";
import type { ActionState } from "../domain/state.ts";
import type { Hex, Instant, VoteDecision } from "../domain/values.ts";
import { ownEditOf } from "../domain/votes.ts";
import { assertFits, inputContent, inputOf, textContent, toHex, unstored } from "./content.ts";
import { handle, type Handled } from "./handle.ts";
import { judge, offerGrant } from "./judge.ts";
import type { ActionInput, ActionRef, ActionView, Caller, Deps, PatchOperation } from "./ports.ts";
import { noteVoteRefused } from "./note-refusal.ts";
import { strangersInReview } from "./unknown-causers.ts";
import { sayingWhatChanged } from "./what-changed.ts";
import { whoSpeaks } from "./who-speaks.ts";

/** Longer than that, what may be edited is not told with a refusal; the review has it. */
const MOST_TOLD = 1000;

/** What the reviewer was shown: the action's digest and version, and the digest of the view. */
export type Shown = {
  readonly ref: ActionRef;
  readonly digest: Hex;
  readonly version: number;
  readonly shownDigest: Hex;
  readonly reason: string;
};

export type Vote = Shown & { readonly decision: VoteDecision };

/** Records one human's yes or no, signed; the grant that a last yes issues is signed along with it. */
export async function castVote(deps: Deps, { principal: reviewer, traceparent }: Caller, vote: Vote): Promise<Handled> {
  const { ref, digest, version, shownDigest, decision } = vote;
  const content = textContent(vote.reason);
  const reason = content && toHex(content.digest);
  const handled = await handle(deps.store, ref, { actor: reviewer, traceparent }, async (view) => {
    const { state, contents } = view;
    const at = deps.clock().getTime();
    const speakers = await whoSpeaks(deps, reviewer, state, at);
    if (speakers === undefined) return { refusal: "DIRECTORY_UNREACHABLE" };
    // Nobody decides on nothing. A no that takes a grant back is about what was shown before.
    if (isInReviewWithoutInput(view)) return { refusal: "CONTENT_ERASED" };
    const { standings, strangers, voters } = speakers;
    // The decider records it in the stage that was open last, also when it takes a grant back.
    const stage = "review" in state ? (state.review?.openStage ?? 0) : 0;
    const { digest: now, readingSeconds } = deps.views.shown(view);
    const shown = { given: shownDigest, now };
    const [signature, decided] = await Promise.all([
      deps.signer.signVote({ tenant: ref.tenant, actionId: ref.id, digest, shownDigest, reviewer, decision, stage, at }),
      decision === "approve" ? grantOnApproval(deps, ref, state, digest, at).then((grant) => ({ decision, grant, voters })) : { decision },
    ]);
    const signed = { keyId: deps.signer.keyId, signature, readingSeconds };
    const ballot = { at, reviewer, standings, strangers, digest, version, shown, reason, ...signed };
    return { command: { type: "CastVote", ...ballot, ...decided }, contents: unstored(contents, content) };
  });
  await noteVoteRefused(deps, ref, reviewer, handled);
  return sayingWhatChanged(deps, vote, handled);
}

/** The new properties, whole or as a patch of those that are there. */
export type Edit = Shown & ({ readonly properties: JsonObject } | { readonly patch: readonly PatchOperation[] });

/** Changes the parameters. Policy looks at the result before anything is recorded: without its answer nothing changes. */
export async function editAction(deps: Deps, { principal: reviewer, traceparent }: Caller, edit: Edit): Promise<Handled> {
  const reasonContent = textContent(edit.reason);
  const reason = reasonContent && toHex(reasonContent.digest);
  const handled = await handle(deps.store, edit.ref, { actor: reviewer, traceparent }, async (view) => {
    const { state, contents, ref } = view;
    if (isMade(deps, view, reviewer, edit)) return "already so";
    const at = deps.clock().getTime();
    const speakers = await whoSpeaks(deps, reviewer, state, at);
    if (speakers === undefined) return { refusal: "DIRECTORY_UNREACHABLE" };
    const shown = { given: edit.shownDigest, now: deps.views.digest(view) };
    const { standings, strangers } = speakers;
    const ballot = { at, reviewer, standings, strangers, digest: edit.digest, version: edit.version, shown, reason };
    if (state.status === "NONE") return reject("NOT_FOUND");
    if (state.status !== "IN_REVIEW") return wrongState("IN_REVIEW");
    const admitted = admitEdit(asEscalated(state, at), ballot);
    if (typeof admitted === "string") return reject(admitted);
    const { requester } = state;
    const before = inputOf(contents, state.input);
    if (before === undefined) return { refusal: "CONTENT_ERASED" };
    const input = applied(deps, edit, before.input);
    if (input === undefined) return { refusal: "PATCH_INVALID" };
    const { editable } = state.ruling.verdict.terms;
    const forbidden = deps.editing.forbidden(editable, before.input.action.properties, input.action.properties);
    if (forbidden.length > 0)
      return { refusal: "EDIT_NOT_ALLOWED", details: { members: forbidden.join(", "), ...(editable.length <= MOST_TOLD && { editable }) } };
    assertFits(input);
    const { salt } = before;
    const content = inputContent(input, salt);
    const evaluation = await deps.policy.evaluate({ requester, input, at, traceparent });
    if (evaluation === undefined) return { refusal: "POLICY_UNREACHABLE" };
    const { judgement } = await judge(deps, ref, { requester, input, salt, at }, evaluation);
    return {
      command: { type: "EditAction", ...ballot, input: toHex(content.digest), judgement },
      contents: unstored(contents, content, reasonContent),
    };
  });
  await noteVoteRefused(deps, edit.ref, reviewer, handled);
  return sayingWhatChanged(deps, edit, handled);
}

/** What the edit makes of an input; undefined: its patch does not apply. */
function applied({ editing }: Deps, edit: Edit, input: ActionInput): ActionInput | undefined {
  const { properties: old } = input.action;
  const properties = "patch" in edit ? editing.patched(old, edit.patch) : edit.properties;
  return properties && { ...input, action: { ...input.action, properties } };
}

/** This very edit of this reviewer is what the action is now: whoever sends it again has not heard the answer. */
function isMade(deps: Deps, { state, contents }: ActionView, reviewer: Principal, edit: Edit): boolean {
  if (!("review" in state) || state.review === undefined || !actsInPerson(reviewer)) return false;
  const from = ownEditOf(state.review, reviewer, edit.digest);
  const before = from === undefined ? undefined : inputOf(contents, from);
  const input = before && applied(deps, edit, before.input);
  return before !== undefined && input !== undefined && toHex(inputContent(input, before.salt).digest) === state.input;
}

/** The requester takes the edited form for its own. */
export function acceptEdit(
  deps: Deps,
  { principal: caller, traceparent }: Caller,
  { ref, digest }: { readonly ref: ActionRef; readonly digest: Hex },
): Promise<Handled> {
  return handle(deps.store, ref, { actor: caller, traceparent }, async ({ state, contents }) => {
    const at = deps.clock().getTime();
    if (state.status === "EDITED" && inputOf(contents, state.input) === undefined) return { refusal: "CONTENT_ERASED" };
    const seconds = state.status === "EDITED" ? state.ruling.verdict.grantSeconds : 0;
    const { offer } = await offerGrant(deps, ref, { principal: { issuer: caller.issuer, id: caller.id }, digest, seconds, at });
    const strangers = state.status === "EDITED" ? await strangersInReview(deps, state.requester, state.ruling.verdict, at) : [];
    return { command: { type: "AcceptEdit", at, caller, digest, grant: offer, strangers } };
  });
}

function isInReviewWithoutInput({ state, contents }: ActionView): boolean {
  return state.status === "IN_REVIEW" && inputOf(contents, state.input) === undefined;
}

/** The grant that the requester gets if this is what approves. */
export async function grantOnApproval(deps: Deps, ref: ActionRef, state: ActionState, digest: Hex, at: Instant): Promise<GrantOffer> {
  const inReview = state.status === "IN_REVIEW";
  const principal = inReview ? { issuer: state.requester.issuer, id: state.requester.id } : { issuer: "", id: "" };
  const seconds = inReview ? state.ruling.verdict.grantSeconds : 0;
  const { offer } = await offerGrant(deps, ref, { principal, digest, seconds, at });
  return offer;
}
