import type { EventAppender, NewEvent } from "@countersign/event-log";
import { ExecutionOutcome, VerdictOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";
import fc from "fast-check";
import { agent, EVENTS, record, stage } from "./events.ts";
import { idOf } from "./listed-actions.ts";

type Phase = "new" | "requested" | "review" | "approved" | "redeemed" | "ended";
type Model = { phase: Phase; version: number; voters: string[] };

/** Which action moves next, and which of the moves that it has. */
export type Move = { readonly tenant: string; readonly action: number; readonly choice: number };

const plausibleMove: fc.Arbitrary<Move> = fc.record({ tenant: fc.constantFrom("acme", "globex"), action: fc.nat(9), choice: fc.nat(1000) });

export const plausibleMoves: fc.Arbitrary<readonly Move[]> = fc.array(plausibleMove, { minLength: 1, maxLength: 120 });

/** One history of so many moves over so many actions. */
export function someMoves(seed: number, moves: number, actions = 10): readonly Move[] {
  return fc
    .sample(plausibleMove, { seed, numRuns: moves })
    .map((move, index) => ({ ...move, action: (move.action + index * 7) % actions }));
}

/** Records what the moves lead to: requests, reviews, edits with lapsing votes, expiry, grants and their ends, in any interleaving. */
export async function recordHistory(log: EventAppender, moves: readonly Move[]): Promise<void> {
  const models = new Map<string, Model>();
  for (const { tenant, action, choice } of moves) {
    const id = idOf(action);
    const key = `${tenant} ${id}`;
    const model = models.get(key) ?? { phase: "new", version: 0, voters: [] };
    models.set(key, model);
    const events = next(model, choice);
    if (events.length === 0) continue;
    await record(log, { tenant, id, version: model.version }, events);
    model.version += events.length;
  }
}

const REVIEWERS = ["ann", "ben", "cyd"];
const STAGES = [stage(["dba", 'odd "group", \\ {name}'], 2, "owners"), stage(["security"], 1, "security")];

function next(model: Model, choice: number): readonly NewEvent[] {
  const moves = MOVES[model.phase];
  const chosen = moves[choice % moves.length];
  return chosen === undefined ? [] : chosen(model, REVIEWERS[choice % REVIEWERS.length] ?? "ann");
}

type Step = (model: Model, reviewer: string) => readonly NewEvent[];

const to =
  (phase: Phase, ...events: readonly NewEvent[]): Step =>
  (model) => {
    model.phase = phase;
    return events;
  };

const vote: Step = (model, reviewer) => {
  if (model.voters.includes(reviewer)) return [];
  model.voters.push(reviewer);
  return [EVENTS.voted(reviewer)];
};

const edit: Step = (model, reviewer) => {
  const lapsed = model.voters.map((voter) => EVENTS.lapsed(voter));
  model.voters = [];
  return [EVENTS.edited(reviewer), ...lapsed, EVENTS.verdict(VerdictOutcome.REVIEW), EVENTS.opened(STAGES)];
};

const MOVES: Readonly<Record<Phase, readonly Step[]>> = {
  new: [
    to("requested", EVENTS.requested()),
    to("ended", EVENTS.requested(agent("dropper"), "db.drop"), EVENTS.verdict(VerdictOutcome.DENY)),
    to("approved", EVENTS.requested(), EVENTS.verdict(VerdictOutcome.ALLOW), EVENTS.approved(), EVENTS.granted()),
    to("review", EVENTS.requested(agent('Zoë \\ "ops"')), EVENTS.verdict(VerdictOutcome.REVIEW), EVENTS.opened(STAGES)),
  ],
  requested: [to("review", EVENTS.verdict(VerdictOutcome.REVIEW), EVENTS.opened(STAGES)), to("ended", EVENTS.expired())],
  review: [
    vote,
    vote,
    edit,
    to("review", EVENTS.stageOpened(1)),
    to("approved", EVENTS.voted("dan"), EVENTS.approved(), EVENTS.granted()),
    to("ended", EVENTS.voted("eve", VoteDecision.REJECT), EVENTS.rejected()),
    to("ended", EVENTS.expired()),
    to("ended", EVENTS.cancelled()),
  ],
  approved: [to("redeemed", EVENTS.redeemed()), to("ended", EVENTS.grantExpired()), to("ended", EVENTS.revoked())],
  redeemed: [to("ended", EVENTS.reported()), to("ended", EVENTS.reported(ExecutionOutcome.FAILED)), to("ended", EVENTS.unreported())],
  ended: [() => []],
};
