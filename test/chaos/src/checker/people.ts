import type { ReviewerStanding } from "@countersign/proto/event/v1/action_events_pb";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import type { Fact } from "./read-back.ts";

/** P3: who spoke on an action and may not have, by any account of the same human. Returns what is wrong with whom. */
export function peopleProblems(facts: readonly Fact[]): readonly string[] {
  const problems: string[] = [];
  const causers = new Set<string>();
  // By account: the one that voted, and every other one of the same human.
  let voters = new Map<string, string>();
  for (const { payload } of facts) {
    switch (payload.type) {
      case "ActionRequested":
        behind(payload.data.requester).forEach((account) => causers.add(account));
        break;
      case "ActionEdited":
        accountsOf(payload.data.editor, payload.data.standing).forEach((account) => causers.add(account));
        // What was said of another form counts no more.
        voters = new Map();
        break;
      case "VoteLapsed":
        voters = new Map([...voters].filter(([, voter]) => voter !== idOf(payload.data.reviewer)));
        break;
      case "VoteCast":
      case "BreakGlassUsed": {
        const reviewer = idOf(payload.data.reviewer);
        const accounts = accountsOf(payload.data.reviewer, payload.data.standing);
        if (payload.data.reviewer?.type !== PrincipalType.HUMAN) problems.push(`counted ${reviewer}, who is no human`);
        if (accounts.some((account) => causers.has(account))) problems.push(`let ${reviewer} decide, who caused it`);
        if (accounts.some((account) => voters.has(account))) problems.push("counted a vote twice");
        for (const account of accounts) voters.set(account, reviewer);
        break;
      }
      default:
    }
  }
  return problems;
}

function accountsOf(principal: Principal | undefined, standing: ReviewerStanding | undefined): readonly string[] {
  return [idOf(principal), ...(standing?.principals ?? []).map(idOf)];
}

/** Who asked, through whom, and who answers for it. */
export function behind(requester: Principal | undefined): readonly string[] {
  return [requester, ...(requester?.chain ?? []), requester?.owner].filter((each) => each !== undefined).map(idOf);
}

export function idOf(principal: { readonly issuer: string; readonly id: string } | undefined): string {
  return `${principal?.issuer}#${principal?.id}`;
}
