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
      return until.some(({ payload, event }) => payload.type === "GrantRedeemed" && event.position === told.position)
        ? undefined
        : `no redemption at ${told.position}`;
    case "reported":
      return until.some(({ payload }) => payload.type === "ExecutionReported") ? undefined : "no such report";
    case "requested":
    case "decided":
      return undefined;
    default:
      return told.step satisfies never;
  }
}

/** Whoever repeats a question gets the same action; of those who race to redeem, one wins. */
function twoAnswers(acknowledged: readonly Acknowledgement[]): readonly string[] {
  const answers = new Map<string, string>();
  return acknowledged.flatMap(({ step, intent, actionId, client }) => {
    if (step !== "requested" && step !== "redeemed") return [];
    const answer = step === "requested" ? actionId : client;
    const before = answers.get(`${step} ${intent}`) ?? answer;
    answers.set(`${step} ${intent}`, before);
    return before === answer ? [] : [`${intent} was ${step} twice: ${before} and ${answer}`];
  });
}
