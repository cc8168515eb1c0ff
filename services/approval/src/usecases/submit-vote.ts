import type { JsonObject } from "@countersign/digest";
import { admitEdit } from "../domain/ballot.ts";
import type { GrantOffer } from "../domain/commands.ts";
import type { ActionState } from "../domain/state.ts";
import type { Hex, Instant, VoteDecision } from "../domain/values.ts";
import { inputContent, inputOf, textContent, toHex, unstored } from "./content.ts";
import { handle, type Handled } from "./handle.ts";
import { judge, offerGrant } from "./judge.ts";
import type { ActionRef, Caller, Deps } from "./ports.ts";
import { whoSpeaks } from "./who-speaks.ts";

type Shown = { readonly ref: ActionRef; readonly digest: Hex; readonly version: number; readonly reason: string };

export type Vote = Shown & { readonly decision: VoteDecision };

/** Records one human's yes or no, signed; the grant that a last yes issues is signed along with it. */
export function castVote(deps: Deps, { principal: reviewer, traceparent }: Caller, vote: Vote): Promise<Handled> {
  const { ref, digest, version, decision } = vote;
  const content = textContent(vote.reason);
  const reason = content && toHex(content.digest);
  return handle(deps.store, ref, { actor: reviewer, traceparent }, async ({ state, contents }) => {
    const at = deps.clock().getTime();
    const speakers = await whoSpeaks(deps, reviewer, state, at);
    if (speakers === undefined) return { refusal: "DIRECTORY_UNREACHABLE" };
    const { standings, voters } = speakers;
    const stage = state.status === "IN_REVIEW" ? state.review.openStage : 0;
    const signature = deps.signer.signVote({ tenant: ref.tenant, actionId: ref.id, digest, reviewer, decision, stage, at });
    const ballot = { type: "CastVote", at, reviewer, standings, digest, version, reason, keyId: deps.signer.keyId, signature } as const;
    return {
      command:
        decision === "approve"
          ? { ...ballot, decision, grant: grantOnApproval(deps, ref, state, digest, at), voters }
          : { ...ballot, decision },
      contents: unstored(contents, content),
    };
  });
}

export type Edit = Shown & { readonly properties: JsonObject };

/** Changes the parameters. Policy looks at the result before anything is recorded: without its answer nothing changes. */
export function editAction(deps: Deps, { principal: reviewer, traceparent }: Caller, edit: Edit): Promise<Handled> {
  const reasonContent = textContent(edit.reason);
  const reason = reasonContent && toHex(reasonContent.digest);
  return handle(deps.store, edit.ref, { actor: reviewer, traceparent }, async ({ state, contents, ref }) => {
    const at = deps.clock().getTime();
    const speakers = await whoSpeaks(deps, reviewer, state, at);
    if (speakers === undefined) return { refusal: "DIRECTORY_UNREACHABLE" };
    const ballot = { at, reviewer, standings: speakers.standings, digest: edit.digest, version: edit.version, reason };
    const admitted = admitEdit(state, ballot);
    if (typeof admitted === "string") return { refusal: admitted };
    if (state.status !== "IN_REVIEW") return { refusal: "WRONG_STATE" };
    const { requester } = state;
    const before = inputOf(contents, state.input);
    if (before === undefined) return { refusal: "CONTENT_ERASED" };
    const input = { ...before.input, action: { ...before.input.action, properties: edit.properties } };
    const { salt } = before;
    const content = inputContent(input, salt);
    const evaluation = await deps.policy.evaluate({ requester, input, at, traceparent });
    if (evaluation === undefined) return { refusal: "POLICY_UNREACHABLE" };
    const { judgement } = judge(deps, ref, { requester, input, salt, at }, evaluation);
    return {
      command: { type: "EditAction", ...ballot, input: toHex(content.digest), judgement },
      contents: unstored(contents, content, reasonContent),
    };
  });
}

function grantOnApproval(deps: Deps, ref: ActionRef, state: ActionState, digest: Hex, at: Instant): GrantOffer {
  const inReview = state.status === "IN_REVIEW";
  const principal = inReview ? { issuer: state.requester.issuer, id: state.requester.id } : { issuer: "", id: "" };
  return offerGrant(deps, ref, { principal, digest, seconds: inReview ? state.ruling.verdict.grantSeconds : 0, at }).offer;
}
