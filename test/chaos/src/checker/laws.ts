import type { VoteCast } from "@countersign/proto/event/v1/action_events_pb";
import { VerdictOutcome, VoteDecision, type Quorum, type Stage, type Verdict } from "@countersign/proto/v1/action_pb";
import { peopleProblems } from "./people.ts";
import { statusAfter, TERMINAL } from "./status.ts";
import { talkProblems } from "./talk.ts";
import type { Fact } from "./read-back.ts";

/** What must hold in every ledger, whatever happened to those who wrote it. Returns what does not. */
export function brokenLaws(ledger: readonly Fact[]): readonly string[] {
  return [
    ...order(ledger),
    ...[...byStream(ledger, "action").entries()].flatMap(([id, facts]) => lawsOfAction(id, facts)),
    ...uniqueness(ledger),
  ];
}

/** The facts of each stream of a type, by its id. */
export function byStream(ledger: readonly Fact[], type: string): ReadonlyMap<string, readonly Fact[]> {
  return Map.groupBy(
    ledger.filter(({ event }) => event.stream.type === type),
    ({ event }) => event.stream.id,
  );
}

function order(ledger: readonly Fact[]): readonly string[] {
  const streams = new Map<string, number>();
  return ledger.flatMap(({ event }, index) => {
    const stream = `${event.stream.tenant} ${event.stream.type} ${event.stream.id}`;
    const version = (streams.get(stream) ?? 0) + 1;
    streams.set(stream, version);
    const problems = [];
    if (event.position !== index) problems.push(`position ${event.position} stands at ${index}`);
    if (event.streamVersion !== version) problems.push(`${stream} has version ${event.streamVersion} where ${version} belongs`);
    return problems;
  });
}

/** One action of each intention, one grant of each id. */
function uniqueness(ledger: readonly Fact[]): readonly string[] {
  const names = ledger.flatMap(({ payload, event }) => {
    if (payload.type === "ActionRequested") return [`intent ${payload.data.resourceId}`];
    if (payload.type === "GrantIssued" || payload.type === "GrantRedeemed") return [`${payload.type} ${payload.data.grantId}`];
    return [`event ${Buffer.from(event.eventId).toString("hex")}`];
  });
  const seen = new Set<string>();
  return names.filter((name) => seen.size === seen.add(name).size).map((name) => `${name} is there twice`);
}

function lawsOfAction(id: string, facts: readonly Fact[]): readonly string[] {
  const problems: string[] = [];
  const claim = (holds: boolean, law: string): void => {
    if (!holds) problems.push(`${id}: ${law}: ${facts.map(({ payload }) => payload.type).join(" ")}`);
  };
  claim(facts[0]?.payload.type === "ActionRequested", "begins with the request");
  let status = "";
  for (const { payload } of facts) {
    claim(!TERMINAL.has(status) || AFTERWARDS.has(payload.type), `moved after ${status}`);
    status = statusAfter(payload, status);
  }
  claim(TERMINAL.has(status), `has not come to its end but is ${status}`);
  const grants = facts.flatMap(({ payload }, at) => (payload.type === "GrantIssued" ? [{ at, grant: payload.data }] : []));
  claim(grants.length <= 1, "has several grants");
  for (const { at, grant } of grants) claim(isCovered(facts.slice(0, at), grant.digest), "has a grant that nobody decided on");
  for (const { event, payload } of facts) {
    if (payload.type !== "GrantRedeemed") continue;
    const [issued] = grants;
    claim(issued?.grant.grantId === payload.data.grantId, "redeemed a grant that was not issued");
    claim(event.time.getTime() / 1000 <= Number(issued?.grant.expireTime?.seconds ?? 0n), "redeemed a grant that had expired");
    claim(issued?.grant.principal?.id === payload.data.principal?.id, "redeemed somebody else's grant");
  }
  for (const problem of [...peopleProblems(facts), ...talkProblems(facts)]) claim(false, problem);
  return problems;
}

/** What is said of an action when it is over. */
const AFTERWARDS: ReadonlySet<string> = new Set(["AfterReviewReminded", "AfterReviewClosed"]);

/** P1: policy allowed exactly this digest, or left it to people, and each stage has its quorum of different people for this digest. */
function isCovered(before: readonly Fact[], digest: Uint8Array): boolean {
  const same = (other: Uint8Array): boolean => Buffer.compare(digest, other) === 0;
  const verdict = before.findLast(({ payload }) => payload.type === "VerdictReached")?.payload;
  if (verdict?.type !== "VerdictReached" || verdict.data.verdict === undefined || !same(verdict.data.digest)) return false;
  const { outcome, stages }: Verdict = verdict.data.verdict;
  if (outcome === VerdictOutcome.ALLOW) return true;
  if (outcome !== VerdictOutcome.REVIEW) return false;
  const alone = before.some(({ payload }) => payload.type === "BreakGlassUsed" && same(payload.data.digest));
  if (alone && verdict.data.verdict.terms?.breakGlass !== undefined) return true;
  const approvals = before.flatMap(({ payload }) =>
    payload.type === "VoteCast" && payload.data.decision === VoteDecision.APPROVE && same(payload.data.digest) ? [payload.data] : [],
  );
  return (
    stages.length > 0 &&
    stages.every((stage: Stage, index) => {
      const here = approvals.filter((vote) => vote.stage === index);
      return stage.quorum !== undefined && isReached(stage.quorum, here);
    })
  );
}

/** Every part has its people. That nobody counts for two parts is for the tests of the decider. */
function isReached({ rule }: Quorum, votes: readonly VoteCast[]): boolean {
  switch (rule.case) {
    case "atLeast": {
      const { of, count } = rule.value;
      const groups = new Set(of.flatMap(({ who }) => (who.case === "group" ? [who.value] : [])));
      const people = votes.flatMap(({ standing }) => (standing?.groups.some((group) => groups.has(group)) ? [standing.person] : []));
      return count > 0 && new Set(people).size >= count;
    }
    case "all":
      return rule.value.of.every((part) => isReached(part, votes));
    case "any":
      return rule.value.of.some((part) => isReached(part, votes));
    default:
      return false;
  }
}
