import { createHash } from "node:crypto";
import { statusName } from "@countersign/client";
import type { Action } from "@countersign/proto/v1/action_pb";

/** What a client was told of: its own call, or (`decided`, `watched`) what became of the action. */
export type Step =
  | "requested"
  | "decided"
  | "watched"
  | "approved"
  | "rejected"
  | "edited"
  | "broke the glass"
  | "accepted"
  | "cancelled"
  | "redeemed"
  | "reported"
  | "commented"
  | "claimed";

/** Something that a client was told, and may rely on from then on. */
export type Acknowledgement = {
  readonly step: Step;
  /** The intended action, by the id of its resource. */
  readonly intent: string;
  readonly client: string;
  readonly actionId: string;
  readonly version: number;
  readonly status: string;
  /** For a redemption: its position in the log. For a comment: its number. */
  readonly place: number | undefined;
  /** SHA-256 in hex of the grant token that came with it. */
  readonly tokenDigest: string | undefined;
};

/** What a reply says beside where the action is. */
export type Extras = { readonly place?: bigint | number | undefined; readonly grantToken?: string };

/** What a reply says of its action. */
export type Told = Pick<Action, "id" | "version" | "status">;

/** What a client tried, from when to when, and what came of it. Milliseconds since the run began. */
type Attempt = {
  readonly intent: string;
  readonly client: string;
  readonly call: string;
  readonly from: number;
  to: number | undefined;
  outcome: string;
};

/** Something that was done to the deployment. */
type Fault = { what: string; readonly from: number; to: number | undefined };

/** What the clients of one run saw, and what was done to the deployment meanwhile. */
export class History {
  readonly acknowledged: Acknowledgement[] = [];
  readonly refusals = new Map<string, number>();
  /** Whose call it was the last time. */
  readonly refusedTo = new Map<string, string>();
  readonly #attempts: Attempt[] = [];
  readonly #faults: Fault[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  readonly #clock: () => number;
  readonly #started: number;

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#started = clock();
  }

  acknowledge(step: Step, intent: string, client: string, action: Told | undefined, { place, grantToken = "" }: Extras = {}): void {
    if (action === undefined) throw new Error(`${step} was acknowledged without the action`);
    const { id, version, status } = action;
    this.acknowledged.push({
      step,
      intent,
      client,
      actionId: id,
      version: Number(version),
      status: statusName(status),
      place: place === undefined ? undefined : Number(place),
      tokenDigest: grantToken === "" ? undefined : createHash("sha256").update(grantToken).digest("hex"),
    });
    for (const { count, resolve } of this.#waiting) if (this.acknowledged.length >= count) resolve();
  }

  /** A client calls; the function that comes back says how that ended. */
  attempt(intent: string, client: string, call: string): (outcome: string) => void {
    const attempt: Attempt = { intent, client, call, from: this.#now, to: undefined, outcome: "no answer yet" };
    this.#attempts.push(attempt);
    return (outcome) => {
      attempt.to = this.#now;
      attempt.outcome = outcome;
    };
  }

  /** A call was refused, or its outcome is not known. */
  refused(what: string, intent: string): void {
    this.refusals.set(what, (this.refusals.get(what) ?? 0) + 1);
    this.refusedTo.set(what, intent);
  }

  /** Something happens to the deployment; the function that comes back says when that is over, and what was felt of it. */
  fault(what: string): (felt?: string) => void {
    const fault: Fault = { what, from: this.#now, to: undefined };
    this.#faults.push(fault);
    return (felt) => {
      fault.to = this.#now;
      if (felt !== undefined) fault.what += `: ${felt}`;
    };
  }

  /** Something happened at one moment. */
  note(what: string): void {
    this.fault(what)();
  }

  /** Resolves once so many acknowledgements are in. */
  reached(count: number): Promise<void> {
    if (this.acknowledged.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  /** The events of the intended actions that the problems name, and the faults that overlap them; all faults when they name none. */
  excerpt(problems: readonly string[]): readonly string[] {
    const text = problems.join("\n");
    const named = new Set(text.match(/[\w-]+/g));
    const intents = new Set(
      this.acknowledged.flatMap(({ intent, actionId }) => (named.has(intent) || named.has(actionId) ? [intent] : [])),
    );
    const attempts = this.#attempts.filter(({ intent }) => intents.has(intent) || named.has(intent));
    const from = Math.min(...attempts.map((attempt) => attempt.from));
    const to = Math.max(...attempts.map((attempt) => attempt.to ?? Infinity));
    const faults = this.#faults.filter((fault) => attempts.length === 0 || (fault.from <= to && (fault.to ?? Infinity) >= from));
    const lines = [
      ...attempts.map((each) => ({ ...each, text: `${each.intent} ${each.client}: ${each.call}: ${each.outcome}` })),
      ...faults.map((each) => ({ ...each, text: `* ${each.what}` })),
    ];
    return lines.toSorted((a, b) => a.from - b.from).map((line) => `${span(line)} ${line.text}`);
  }

  get #now(): number {
    return Math.round(this.#clock() - this.#started);
  }
}

function span({ from, to }: { readonly from: number; readonly to: number | undefined }): string {
  return `${from}..${to ?? ""} ms`.padEnd(18);
}
