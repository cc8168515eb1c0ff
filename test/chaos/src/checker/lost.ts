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
  return missingFact(told, facts);
}

/** The fact itself, at or before the version that was acknowledged. */
function missingFact(told: Acknowledgement, facts: readonly Fact[]): string | undefined {
  const until = facts.slice(0, told.version);
  switch (told.step) {
    case "voted":
      return until.some(({ payload }) => payload.type === "VoteCast" && payload.data.reviewer?.id === told.client)
        ? undefined
        : "no such vote";
    case "redeemed":
      return until.some(({ payload, event }) => payload.type === "GrantRedeemed" && event.position === told.place)
        ? undefined
        : `no redemption at ${told.place}`;
    case "reported":
      return until.some(({ payload }) => payload.type === "ExecutionReported") ? undefined : "no such report";
    case "commented":
      return isComment(facts[told.version - 1], told) ? undefined : `comment ${told.place} is not in the log at version ${told.version}`;
    case "claimed":
      return until.some(({ payload }) => payload.type === "ReviewClaimed" && payload.data.reviewer?.id === told.client)
        ? undefined
        : "no such claim";
    case "requested":
    case "decided":
      return undefined;
    default:
      return told.step satisfies never;
  }
}

function isComment(fact: Fact | undefined, { client, place }: Acknowledgement): boolean {
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
