import type { BreakGlassUsed, GrantIssued, VoteCast } from "@countersign/proto/event/v1/action_events_pb";
import { VerdictOutcome, VoteDecision, type Quorum, type Stage, type Verdict } from "@countersign/proto/v1/action_pb";
import { idOf, peopleProblems } from "./people.ts";
import { policyProblems } from "./policy.ts";
import { mayFollow, statusAfter, TERMINAL } from "./status.ts";
import { talkProblems } from "./talk.ts";
import type { Fact } from "./read-back.ts";

/** What must hold in every ledger, whatever happened to those who wrote it. Returns what does not. */
export function brokenLaws(ledger: readonly Fact[]): readonly string[] {
  return [
    ...order(ledger),
    ...[...byStream(ledger, "action").entries()].flatMap(([id, facts]) => lawsOfAction(id, facts)),
    ...uniqueness(ledger),
    ...policyProblems(ledger),
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
  let issued: GrantIssued | undefined;
  for (const [at, { event, payload }] of facts.entries()) {
    claim(!TERMINAL.has(status) || AFTERWARDS.has(payload.type), `moved after ${status}`);
    claim(TERMINAL.has(status) || mayFollow(payload, status), `took ${payload.type} while it was ${status}`);
    status = statusAfter(payload, status);
    if (payload.type === "GrantIssued") {
      claim(issued === undefined, "has several grants");
      claim(isCovered(facts.slice(0, at), payload.data.digest), "has a grant that nobody decided on");
      issued = payload.data;
    }
    if (payload.type !== "GrantRedeemed") continue;
    claim(issued?.grantId === payload.data.grantId, "redeemed a grant that was not issued");
    claim(event.time.getTime() / 1000 <= Number(issued?.expireTime?.seconds ?? 0n), "redeemed a grant that had expired");
    claim(idOf(issued?.principal) === idOf(payload.data.principal), "redeemed somebody else's grant");
  }
  claim(TERMINAL.has(status), `has not come to its end but is ${status}`);
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
  const { outcome, stages, terms }: Verdict = verdict.data.verdict;
  if (outcome === VerdictOutcome.ALLOW) return true;
  if (outcome !== VerdictOutcome.REVIEW) return false;
  const alone = before.some(({ payload: { type, data } }) => type === "BreakGlassUsed" && same(data.digest) && mayBreakGlass(data, terms));
  if (alone) return true;
  const approvals = standingVotes(before).filter(({ decision, digest: voted }) => decision === VoteDecision.APPROVE && same(voted));
  return (
    stages.length > 0 &&
    stages.every((stage: Stage, index) => {
      const here = approvals.filter((vote) => vote.stage === index);
      return stage.quorum !== undefined && isReached(stage.quorum, here);
    })
  );
}

/** One of the groups that may, or, where policy lets who asked do it, anybody whom P3 leaves. */
function mayBreakGlass({ standing }: BreakGlassUsed, terms: Verdict["terms"]): boolean {
  const may = terms?.breakGlass;
  return may !== undefined && (may.requester || (standing?.groups.some((group) => may.groups.includes(group)) ?? false));
}

/** Those that did not lapse afterwards. */
function standingVotes(before: readonly Fact[]): readonly VoteCast[] {
  let votes: VoteCast[] = [];
  for (const { payload } of before) {
    if (payload.type === "VoteCast") votes.push(payload.data);
    if (payload.type === "VoteLapsed") votes = votes.filter(({ reviewer }) => idOf(reviewer) !== idOf(payload.data.reviewer));
  }
  return votes;
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
