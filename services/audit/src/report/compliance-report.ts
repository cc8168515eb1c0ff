import { CONTROLS, type Control } from "./controls.ts";
import type { ReportEvent } from "./report-event.ts";
import { findingsOf } from "./findings.ts";
import { remember, type History } from "./history.ts";
import { KINDS, type KindName } from "./kinds.ts";
import { Durations, type Latency } from "./latency.ts";
import { Tally, type Count, type Line } from "./tally.ts";

export type KindReport = Count & { readonly kind: KindName; readonly lines: readonly Line[]; readonly inNoLine: number };

export type ComplianceReport = {
  readonly kinds: readonly KindReport[];
  readonly latency: Latency;
  readonly controls: readonly (Control & Count)[];
  readonly first: number | undefined;
  readonly last: number | undefined;
};

type Use = { readonly position: number; readonly who: string; readonly name: string };

/** People whose votes are counted for their share of hasty ones. */
const MAX_VOTERS = 10_000;
/** Uses of the break-glass that are told one by one while nobody has looked at them. */
const MAX_OPEN_USES = 1000;
const POSITIONS_PER_KIND = 5;
const NAMES = Object.keys(KINDS) as KindName[];

/** Folds a period into a report, in the memory that the report takes. */
export class ReportFold {
  readonly #tallies = new Map<KindName, Tally>(NAMES.map((kind) => [kind, new Tally()]));
  readonly #durations = new Durations();
  readonly #unreviewed = new Map<string, Use>();
  readonly #votes = new Map<string, number>();
  #first: number | undefined;
  #last: number | undefined;

  /** Takes in the next event, with what its action's earlier ones said. Returns what is to be remembered for the next one. */
  add(event: ReportEvent, history: History): History {
    this.#first ??= event.position;
    this.#last = event.position;
    for (const { kind, subject, detail } of findingsOf(event, history)) {
      this.#tallies.get(kind)?.add(event.position, subject, detail);
      if (kind === "approved" && history.openedAt !== undefined) this.#durations.add(event.at - history.openedAt);
    }
    this.#followBreakGlass(event, history.name);
    if (event.decision !== undefined) this.#countVote(event.who);
    return remember(history, event);
  }

  report(): ComplianceReport {
    const open = new Tally();
    for (const [, { position, who, name }] of this.#unreviewed) open.add(position, who, name);
    const tallyOf = (kind: KindName): Tally => (kind === "break_glass_open" ? open : (this.#tallies.get(kind) ?? new Tally()));
    return {
      kinds: NAMES.map((kind) => kindReport(kind, tallyOf(kind), kind === "vote_hasty" ? (line) => this.#withShare(line) : undefined)),
      latency: this.#durations.summary(),
      controls: CONTROLS.map((control) => ({ ...control, ...evidence(control.kinds.map((kind) => tallyOf(kind).total)) })),
      first: this.#first,
      last: this.#last,
    };
  }

  #countVote(who: string): void {
    const votes = this.#votes.get(who);
    if (votes !== undefined || this.#votes.size < MAX_VOTERS) this.#votes.set(who, (votes ?? 0) + 1);
  }

  #withShare(line: Line): Line {
    const votes = this.#votes.get(line.subject);
    return votes === undefined ? line : { ...line, detail: `${line.count} of ${votes} votes` };
  }

  #followBreakGlass({ type, action, position, who }: ReportEvent, name: string): void {
    if (action === undefined) return;
    if (type === "AfterReviewClosed") this.#unreviewed.delete(action);
    if (type === "BreakGlassUsed" && this.#unreviewed.size < MAX_OPEN_USES) this.#unreviewed.set(action, { position, who, name });
  }
}

function kindReport(kind: KindName, tally: Tally, told: (line: Line) => Line = (line) => line): KindReport {
  const lines = tally.lines().map(told);
  const inLines = lines.reduce((sum, { count }) => sum + count, 0);
  const { count, positions } = tally.total;
  return { kind, count, positions, lines, inNoLine: lines.length === 0 ? 0 : count - inLines };
}

function evidence(counts: readonly Count[]): Count {
  return {
    count: counts.reduce((sum, { count }) => sum + count, 0),
    positions: counts.flatMap(({ positions }) => positions.slice(0, POSITIONS_PER_KIND)).toSorted((a, b) => a - b),
  };
}
