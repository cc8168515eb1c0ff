import type { ActionState } from "./action-state.ts";
import { type Ask, askOf, REQUESTER_MANAGER } from "./ask.ts";
import type { StageFact } from "./fact.ts";
import { principalKey, type PrincipalKey } from "./principal-key.ts";

/** As whom somebody may decide: in its own name, or in another's place. */
export type Place = {
  readonly asks: readonly Ask[];
  /** Everything that this human signs in with, and the one in whose place it speaks. */
  readonly principals: readonly PrincipalKey[];
};

/** Who is asked: in a review by the open stage, afterwards by every stage that was skipped. */
export function asksOf(state: ActionState): readonly Ask[] {
  const { stages, openStage, afterReview } = state;
  const asking = stages.map((stage, index) => ({ stage, index })).slice(openStage, afterReview === null ? openStage + 1 : undefined);
  return [...new Set(asking.flatMap(({ stage, index }) => stageAsks(state, stage, index)))];
}

function stageAsks({ requester, owner, escalated }: ActionState, stage: StageFact, index: number): readonly Ask[] {
  const all = escalated.includes(index) ? [...stage.asks, ...stage.escalatesTo] : stage.asks;
  const itself = requester.kind === "human" && requester.chain.length === 0;
  const behind = itself ? principalKey(requester) : (requester.chain.at(-1) ?? owner);
  const named = all.flatMap((ask) => (ask !== REQUESTER_MANAGER ? [ask] : behind === null ? [] : [askOf.managerOf(behind)]));
  if (!stage.confirms) return named;
  return [...named, ...[...requester.chain, ...(owner === null ? [] : [owner])].map(askOf.confirms)];
}

/** P3: who may not decide, whoever asks them: who caused the action in any way, who edited it, and who has voted already. */
export function barredFromDeciding(state: ActionState): readonly PrincipalKey[] {
  const { requester, owner, ownerMayApprove, stages, openStage, editors, votes, afterReview, status } = state;
  const itself = principalKey(requester);
  const owners = owner === null ? [] : [owner];
  if (afterReview !== null) return [...new Set([itself, ...requester.chain, ...owners, ...editors, ...afterReview])];
  if (status !== "IN_REVIEW") return [];
  const confirms = stages[openStage]?.confirms === true;
  const caused = [itself, ...(confirms ? [] : requester.chain), ...(confirms || ownerMayApprove ? [] : owners)];
  return [...new Set([...caused, ...editors, ...votes.flatMap(({ principals }) => principals)])];
}

/** Whether it waits for somebody who may decide as one of these. */
export function mayDecide(state: ActionState, places: readonly Place[]): boolean {
  const [asks, barred] = [asksOf(state), barredFromDeciding(state)];
  return places.some((place) => asks.some((ask) => place.asks.includes(ask)) && !barred.some((key) => place.principals.includes(key)));
}
