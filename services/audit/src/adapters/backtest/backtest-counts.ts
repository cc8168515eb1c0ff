import { clone, equals, type MessageInitShape } from "@bufbuild/protobuf";
import { VerdictOutcome, VerdictSchema, type Verdict } from "@countersign/proto/v1/action_pb";
import type { BacktestResultSchema } from "@countersign/proto/v1/policy_service_pb";

/** Whether two verdicts lead to the same: which rule said so, in which revision and for which reasons, does not. */
export function leadToTheSame(one: Verdict, other: Verdict): boolean {
  return equals(VerdictSchema, effectOf(one), effectOf(other));
}

function effectOf(verdict: Verdict): Verdict {
  const effect = Object.assign(clone(VerdictSchema, verdict), { revision: 0n, rule: "", reasons: [], risk: [] });
  // Nothing runs that a digest would be of.
  return effect.outcome === VerdictOutcome.DENY ? Object.assign(effect, { bindingContext: [] }) : effect;
}

/** Adds up what a document would have answered. */
export class BacktestCounts {
  readonly #rules: Map<string, bigint>;
  readonly #tallies = new Map<string, { readonly was: VerdictOutcome; readonly wouldBe: VerdictOutcome; count: bigint }>();
  #judged = 0n;
  #different = 0n;
  #erased = 0n;

  /** @param rules in the order of the document */
  constructor(rules: readonly string[]) {
    this.#rules = new Map(rules.map((rule) => [rule, 0n]));
  }

  /** @returns whether it makes a difference */
  add(was: Verdict, wouldBe: Verdict): boolean {
    const key = `${was.outcome} ${wouldBe.outcome}`;
    const tally = this.#tallies.get(key) ?? { was: was.outcome, wouldBe: wouldBe.outcome, count: 0n };
    tally.count += 1n;
    this.#tallies.set(key, tally);
    this.#judged += 1n;
    const decided = this.#rules.get(wouldBe.rule);
    if (decided !== undefined) this.#rules.set(wouldBe.rule, decided + 1n);
    const isDifferent = !leadToTheSame(was, wouldBe);
    if (isDifferent) this.#different += 1n;
    return isDifferent;
  }

  addErased(): void {
    this.#erased += 1n;
  }

  result(): MessageInitShape<typeof BacktestResultSchema> {
    return {
      judged: this.#judged,
      different: this.#different,
      erased: this.#erased,
      tallies: [...this.#tallies.values()].toSorted((one, other) => one.was - other.was || one.wouldBe - other.wouldBe),
      rules: [...this.#rules].map(([rule, decides]) => ({ rule, decides })),
    };
  }
}
