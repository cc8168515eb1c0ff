import type { CommentAdded, ReviewClaimed } from "@countersign/proto/event/v1/action_events_pb";
import { CommentKind } from "@countersign/proto/v1/action_pb";
import { PrincipalType, type Principal } from "@countersign/proto/v1/principal_pb";
import { behind, idOf } from "./people.ts";
import type { Fact } from "./read-back.ts";
import { statusAfter } from "./status.ts";

/** Comments and claims of one action, as far as its facts have been read. */
type Talk = {
  readonly comments: CommentAdded[];
  readonly claims: string[];
  holder: { readonly who: string; readonly until: number } | undefined;
};

/** What people wrote and claimed where, when or how they may not. Returns what is wrong. */
export function talkProblems(facts: readonly Fact[]): readonly string[] {
  const problems: string[] = [];
  const talk: Talk = { comments: [], claims: [], holder: undefined };
  let status = "";
  let requester: Principal | undefined;
  for (const fact of facts) {
    const { payload } = fact;
    if (payload.type === "ActionRequested") requester = payload.data.requester;
    const talks = payload.type === "CommentAdded" || payload.type === "ReviewClaimed" || payload.type === "ClaimReleased";
    if (talks && status !== "IN_REVIEW") problems.push(`took ${payload.type} while it was ${status}`);
    if (payload.type === "CommentAdded") problems.push(...commentProblems(payload.data, talk, requester));
    problems.push(...claimProblems(fact, talk, requester));
    status = statusAfter(payload, status);
  }
  return problems;
}

function commentProblems(comment: CommentAdded, { comments }: Talk, requester: Principal | undefined): readonly string[] {
  const problems: string[] = [];
  const author = idOf(comment.author);
  const ofRequester = comment.standing === undefined;
  if (comment.number !== comments.length + 1) problems.push(`numbered a comment ${comment.number} after ${comments.length}`);
  if (ofRequester && !behind(requester).includes(author)) problems.push(`took a comment of ${author}, who has no part in it`);
  if (!ofRequester && comment.author?.type !== PrincipalType.HUMAN) problems.push(`took ${author} for a reviewer, who is no human`);
  if (comment.kind === CommentKind.QUESTION && ofRequester) problems.push(`let ${author} ask, who has to answer`);
  if (comment.kind === CommentKind.ANSWER) {
    if (!ofRequester) problems.push(`let ${author} answer, who was not asked`);
    if (comments[comment.question - 1]?.kind !== CommentKind.QUESTION) problems.push(`answered ${comment.question}, which is no question`);
    if (comments.some(({ question }) => question === comment.question)) problems.push(`answered ${comment.question} twice`);
  }
  comments.push(comment);
  return problems;
}

/** One at a time, until its time is over, it is released, its holder votes, or what was claimed is another form or stage. */
function claimProblems({ payload, event }: Fact, talk: Talk, requester: Principal | undefined): readonly string[] {
  const at = event.time.getTime();
  if (talk.holder !== undefined && at >= talk.holder.until) talk.holder = undefined;
  switch (payload.type) {
    case "ReviewClaimed":
      return claimed(payload.data, talk, requester);
    case "ClaimReleased": {
      const who = idOf(payload.data.reviewer);
      const holds = talk.holder?.who === who;
      talk.holder = undefined;
      return holds ? [] : [`released a claim of ${who}, who had none`];
    }
    case "VoteCast":
      if (talk.holder?.who === idOf(payload.data.reviewer)) talk.holder = undefined;
      return [];
    case "ActionEdited":
    case "StageOpened":
      talk.holder = undefined;
      return [];
    default:
      return [];
  }
}

function claimed({ reviewer, expireTime }: ReviewClaimed, talk: Talk, requester: Principal | undefined): readonly string[] {
  const problems: string[] = [];
  const who = idOf(reviewer);
  if (reviewer?.type !== PrincipalType.HUMAN) problems.push(`let ${who} claim it, who is no human`);
  if (behind(requester).includes(who)) problems.push(`let ${who} claim it, who caused it`);
  if (talk.holder !== undefined) problems.push(`let ${who} claim what ${talk.holder.who} had claimed`);
  talk.claims.push(who);
  if (talk.claims.filter((other) => other === who).length > MOST_CLAIMS) problems.push(`let ${who} claim it too often`);
  talk.holder = { who, until: Number(expireTime?.seconds ?? 0n) * 1000 + Math.floor((expireTime?.nanos ?? 0) / 1_000_000) };
  return problems;
}

const MOST_CLAIMS = 3;
