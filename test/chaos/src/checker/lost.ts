import type { DecodedEvent } from "@countersign/events";
import { VoteDecision } from "@countersign/proto/v1/action_pb";
import type { Acknowledgement } from "../history.ts";
import { byStream } from "./laws.ts";
import type { Fact } from "./read-back.ts";
import { statusAfter } from "./status.ts";

/** P4: what clients were told and the log does not say. Returns one line for each. */
export function lostPromises(ledger: readonly Fact[], acknowledged: readonly Acknowledgement[]): readonly string[] {
  const streams = byStream(ledger, "action");
  const lost = acknowledged.flatMap((told) => {
    const facts = streams.get(told.actionId) ?? [];
    const problem = difference(told, facts);
    return problem === undefined ? [] : [`${told.client} was told ${told.step} of ${told.intent} (${told.actionId}): ${problem}`];
  });
  return [...lost, ...twoAnswers(acknowledged)];
}

function difference(told: Acknowledgement, facts: readonly Fact[]): string | undefined {
  const [first] = facts;
  if (first?.payload.type !== "ActionRequested") return "the action is not in the log";
  if (first.payload.data.resourceId !== told.intent) return `the log has ${first.payload.data.resourceId} there`;
  if (facts.length < told.version) return `version ${told.version} is not in the log, which has ${facts.length}`;
  const status = facts.slice(0, told.version).reduce((before, { payload }) => statusAfter(payload, before), "");
  if (status !== told.status) return `version ${told.version} was ${told.status}, the log says ${status}`;
  return missingFact(told, facts.slice(0, told.version)) ?? unknownToken(told, facts.slice(0, told.version));
}

/** What was handed out is what the log says was issued: another token would be another grant. */
function unknownToken({ tokenDigest }: Acknowledgement, until: readonly Fact[]): string | undefined {
  const issued = until.some(({ payload }) => payload.type === "GrantIssued" && hex(payload.data.tokenDigest) === tokenDigest);
  return tokenDigest === undefined || issued ? undefined : "its token is of no grant in the log";
}

/** The fact itself, at or before the version that was acknowledged. */
function missingFact({ step, client, place }: Acknowledgement, until: readonly Fact[]): string | undefined {
  const isThere = (is: (payload: DecodedEvent, position: number) => boolean, otherwise: string): string | undefined =>
    until.some(({ payload, event }) => is(payload, event.position)) ? undefined : otherwise;
  switch (step) {
    case "approved":
      return isThere((payload) => isVote(payload, client, VoteDecision.APPROVE), "no such vote");
    case "rejected":
      return isThere((payload) => isVote(payload, client, VoteDecision.REJECT), "no such vote");
    case "broke the glass":
      return isThere((payload) => payload.type === "BreakGlassUsed" && payload.data.reviewer?.id === client, "no such emergency");
    case "edited":
      return isThere((payload) => payload.type === "ActionEdited" && payload.data.editor?.id === client, "no such edit");
    case "accepted":
      return isThere(({ type }) => type === "EditAccepted", "no edit was accepted");
    case "cancelled":
      return isThere(({ type }) => type === "ActionCancelled" || type === "GrantRevoked", "nobody took it back");
    case "redeemed":
      return isThere(({ type }, position) => type === "GrantRedeemed" && position === place, `no redemption at ${place}`);
    case "reported":
      return isThere(({ type }) => type === "ExecutionReported", "no such report");
    case "commented":
      return isComment(until.at(-1), client, place) ? undefined : `comment ${place} is not in the log at version ${until.length}`;
    case "claimed":
      return isThere((payload) => payload.type === "ReviewClaimed" && payload.data.reviewer?.id === client, "no such claim");
    case "requested":
    case "decided":
    case "watched":
      return undefined;
    default:
      return step satisfies never;
  }
}

function isVote(payload: DecodedEvent, client: string, decision: VoteDecision): boolean {
  return payload.type === "VoteCast" && payload.data.reviewer?.id === client && payload.data.decision === decision;
}

function isComment(fact: Fact | undefined, client: string, place: number | undefined): boolean {
  return (
    fact?.payload.type === "CommentAdded" && fact.payload.data.number === place && client.startsWith(`${fact.payload.data.author?.id} `)
  );
}

/** Whoever repeats a question gets the same action, whoever repeats a comment the same number; of those who race to redeem, one wins. */
function twoAnswers(acknowledged: readonly Acknowledgement[]): readonly string[] {
  const answers = new Map<string, string>();
  return acknowledged.flatMap((told) => {
    const { step, intent } = told;
    const answer = onlyAnswer(told);
    if (answer === undefined) return [];
    const to = step === "commented" ? `${step} ${intent} ${told.client}` : `${step} ${intent}`;
    const before = answers.get(to) ?? answer;
    answers.set(to, before);
    return before === answer ? [] : [`${intent} was ${step} twice: ${before} and ${answer}`];
  });
}

/** What all who were told of this step must have been told. */
function onlyAnswer({ step, actionId, client, place }: Acknowledgement): string | undefined {
  if (step === "requested") return actionId;
  if (step === "redeemed") return client;
  return step === "commented" ? `as number ${place}` : undefined;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
