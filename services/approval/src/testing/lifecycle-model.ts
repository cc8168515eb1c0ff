import type fc from "fast-check";
import { expect } from "vitest";
import type { ActionCommand } from "../domain/commands.ts";
import { decide } from "../domain/decide.ts";
import type { ActionEvent } from "../domain/events.ts";
import { evolve } from "../domain/evolve.ts";
import { samePrincipal, type Principal } from "../domain/principal.ts";
import { isRejection, type RejectionCode } from "../domain/rejection.ts";
import { isTerminal, type ActionState } from "../domain/state.ts";
import type { Verdict } from "../domain/values.ts";
import { exporter } from "./fixtures.ts";

/** What must be true, kept apart from the code that makes it so: the model knows no status, only facts. */
export type Model = {
  now: number;
  digest: string | undefined;
  verdict: Verdict | undefined;
  /** Humans who approved the digest as it is now, by stage. */
  approvals: Map<number, Set<string>>;
  openStage: number;
  editors: Set<string>;
  /** The requester stands by the form as it is: it asked for it, or accepted the edit. */
  accepted: boolean;
};

export type Real = { state: ActionState; events: ActionEvent[] };

/** One command on the real decider; checks what holds for all of them. */
export class Step implements fc.Command<Model, Real> {
  readonly label: string;
  readonly build: (model: Model, real: Real) => ActionCommand;
  readonly expectedRefusal: readonly RejectionCode[] | undefined;

  constructor(label: string, build: (model: Model, real: Real) => ActionCommand, expectedRefusal?: readonly RejectionCode[]) {
    this.label = label;
    this.build = build;
    this.expectedRefusal = expectedRefusal;
  }

  check(): boolean {
    return true;
  }

  toString(): string {
    return this.label;
  }

  run(model: Model, real: Real): void {
    const command = this.build(model, real);
    const before = real.state;
    const decision = decide(command, before);
    if (this.expectedRefusal !== undefined && before.status === "IN_REVIEW" && command.at < (before.review.deadline ?? Infinity)) {
      expect(isRejection(decision) && this.expectedRefusal.includes(decision.code), `${this.label}: ${JSON.stringify(decision)}`).toBe(
        true,
      );
    }
    if (isRejection(decision)) return;
    if (isTerminal(before)) expect(decision).toEqual([]);
    for (const event of decision) {
      check(model, event);
      real.state = evolve(real.state, event);
      real.events.push(event);
    }
    expect(real.state.version).toBe(before.version + decision.length);
    expect(real.events.filter((event) => event.type === "GrantRedeemed").length).toBeLessThanOrEqual(1);
    expect(real.events.filter((event) => event.type === "GrantIssued").length).toBeLessThanOrEqual(1);
  }
}

/** Follows the facts and refuses the ones that must never be. */
function check(model: Model, event: ActionEvent): void {
  if (event.type === "VerdictReached") {
    Object.assign(model, { verdict: event.verdict, digest: event.digest, approvals: new Map(), openStage: 0 });
  } else if (event.type === "ActionEdited") {
    model.editors.add(keyOf(event.editor));
    model.accepted = false;
  } else if (event.type === "EditAccepted") {
    expect(event.digest).toBe(model.digest);
    model.accepted = true;
  } else if (event.type === "StageOpened") {
    expect(model.approvals.get(model.openStage)?.size).toBeGreaterThanOrEqual(needed(model, model.openStage));
    model.openStage = event.stage;
  } else if (event.type === "VoteCast" && event.decision === "approve") {
    checkVote(model, event.reviewer);
    expect(model.accepted).toBe(true);
    expect(event.digest).toBe(model.digest);
    expect([...model.approvals.values()].some((voters) => voters.has(keyOf(event.reviewer)))).toBe(false);
    model.approvals.set(event.stage, new Set([...(model.approvals.get(event.stage) ?? []), keyOf(event.reviewer)]));
  } else if (event.type === "GrantIssued") {
    expect(model.accepted).toBe(true);
    expect(event.digest).toBe(model.digest);
    expect(samePrincipal(event.principal, exporter)).toBe(true);
    if (model.verdict?.outcome === "allow") return;
    expect(model.verdict?.outcome).toBe("review");
    model.verdict?.stages.forEach((_, index) => expect(model.approvals.get(index)?.size).toBeGreaterThanOrEqual(needed(model, index)));
  }
}

function checkVote(model: Model, reviewer: Principal): void {
  expect(reviewer).toMatchObject({ type: "human", chain: [] });
  expect(["exporter", "sponsor", "owner"]).not.toContain(reviewer.id);
  expect(model.editors.has(keyOf(reviewer))).toBe(false);
  const quorum = model.verdict?.stages[model.openStage]?.quorum;
  const groups = quorum?.kind === "at_least" ? quorum.of.map((selector) => (selector.kind === "group" ? selector.name : "")) : [];
  expect(groups.some((group) => reviewer.groups.includes(group))).toBe(true);
}

/** The model's quorums are of one part: counting them is all there is to it. */
function needed({ verdict }: Model, stage: number): number {
  const quorum = verdict?.stages[stage]?.quorum;
  return quorum?.kind === "at_least" ? quorum.count : Number.NaN;
}

const keyOf = ({ issuer, id }: Principal): string => `${issuer} ${id}`;
