import type { Principal } from "@countersign/proto/v1/principal_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import type { Fact } from "./read-back.ts";

/** P3: who spoke on an action and may not have. Returns what is wrong with whom. */
export function peopleProblems(facts: readonly Fact[]): readonly string[] {
  const problems: string[] = [];
  let causers = new Set<string>();
  let voters = new Set<string>();
  for (const { payload } of facts) {
    switch (payload.type) {
      case "ActionRequested":
        causers = new Set(behind(payload.data.requester));
        break;
      case "ActionEdited":
        // What was said of another form counts no more.
        causers.add(idOf(payload.data.editor));
        voters = new Set();
        break;
      case "VoteLapsed":
        voters.delete(idOf(payload.data.reviewer));
        break;
      case "VoteCast":
      case "BreakGlassUsed": {
        const reviewer = idOf(payload.data.reviewer);
        if (payload.data.reviewer?.type !== PrincipalType.HUMAN) problems.push(`counted ${reviewer}, who is no human`);
        if (causers.has(reviewer)) problems.push(`let ${reviewer} decide, who caused it`);
        if (voters.has(reviewer)) problems.push("counted a vote twice");
        voters.add(reviewer);
        break;
      }
      default:
    }
  }
  return problems;
}

/** Who asked, through whom, and who answers for it. */
export function behind(requester: Principal | undefined): readonly string[] {
  return [requester, ...(requester?.chain ?? []), requester?.owner].filter((each) => each !== undefined).map(idOf);
}

export function idOf(principal: { readonly issuer: string; readonly id: string } | undefined): string {
  return `${principal?.issuer}#${principal?.id}`;
}
