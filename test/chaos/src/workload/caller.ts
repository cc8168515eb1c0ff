import { setTimeout as sleep } from "node:timers/promises";
import { CountersignError, statusName, type CountersignClient } from "@countersign/client";
import type { ActionState } from "@countersign/proto/v1/action_pb";
import type { Extras, History, Step, Told } from "../history.ts";

/** Refusals of what is asked, as opposed to of how. */
export type Reason = string;

type Call<Result> = (client: CountersignClient) => Promise<Result>;

/** What all callers of a run have in common. */
export type Circumstances = {
  readonly history: History;
  /** They give up then. */
  readonly until: AbortSignal;
  /** For one attempt. Default 10 s. */
  readonly callMs?: number;
};

/** A person or program at work on one intended action: it does not give up, tries every door, and writes down what it is told. */
export class Caller {
  readonly name: string;
  readonly #intent: string;
  readonly #doors: readonly CountersignClient[];
  readonly #history: History;
  readonly #until: AbortSignal;
  readonly #limits: { readonly timeoutMs: number };

  constructor(name: string, intent: string, doors: readonly CountersignClient[], { history, until, callMs = 10_000 }: Circumstances) {
    this.name = name;
    this.#intent = intent;
    this.#doors = doors;
    this.#history = history;
    this.#until = until;
    this.#limits = { timeoutMs: callMs };
  }

  /** Repeats the call, which must be safe to repeat, until there is an answer to it. */
  async persist<Result>(what: string, call: Call<Result>, tells: (result: Result) => string): Promise<Result> {
    return this.#repeat(what, call, tells, (refusal) => this.#history.refused(refusal, this.#intent));
  }

  /** As `persist`, for a stream: one that breaks is taken up again where it was, and nobody was refused anything. */
  async follow<Result>(what: string, stream: Call<Result>, tells: (result: Result) => string): Promise<Result> {
    return this.#repeat(what, stream, tells, () => {});
  }

  async #repeat<Result>(
    what: string,
    call: Call<Result>,
    tells: (result: Result) => string,
    onRefusal: (refusal: string) => void,
  ): Promise<Result> {
    for (let attempt = 0; ; attempt += 1) {
      this.#until.throwIfAborted();
      const settle = this.#history.attempt(this.#intent, this.name, what);
      try {
        const result = await call(this.#door(attempt));
        settle(tells(result));
        return result;
      } catch (error) {
        settle(error instanceof CountersignError ? `${error.code} ${error.reason}` : String(error));
        if (!(error instanceof CountersignError)) throw error;
        onRefusal(`${error.code} ${error.reason}`);
        if (!isPassing(error)) throw error;
        await sleep(Math.min(2000, 50 * 2 ** attempt));
      }
    }
  }

  /** As `persist`; nothing when it was refused for one of these reasons. */
  async unless<Result>(
    reasons: readonly Reason[],
    what: string,
    call: Call<Result>,
    tells: (result: Result) => string,
  ): Promise<Result | undefined> {
    try {
      return await this.persist(what, call, tells);
    } catch (error) {
      if (error instanceof CountersignError && error.code === "FAILED_PRECONDITION" && reasons.includes(error.reason)) return undefined;
      throw error;
    }
  }

  /** Of one attempt. */
  get limits(): { readonly timeoutMs: number } {
    return this.#limits;
  }

  /** @param key of a call that others may race with: what it brought is its own. */
  acknowledge(step: Step, action: Told | undefined, { key, ...extras }: Extras & { readonly key?: string } = {}): void {
    this.#history.acknowledge(step, this.#intent, key === undefined ? this.name : `${this.name} ${key}`, action, extras);
  }

  get until(): AbortSignal {
    return this.#until;
  }

  /** Callers differ in the door that they try first. */
  #door(attempt: number): CountersignClient {
    const door = this.#doors[(attempt + this.name.length + this.#intent.length) % this.#doors.length];
    if (door === undefined) throw new Error("there is no door");
    return door;
  }
}

/** `IN_REVIEW at 3`. */
export function stateOf(action: Pick<ActionState, "status" | "version"> | undefined): string {
  return action === undefined ? "no action" : `${statusName(action.status)} at ${action.version}`;
}

/** The call may work later. A clock that is off makes a good token look bad. */
function isPassing({ retryable, code, reason }: CountersignError): boolean {
  return retryable || code === "DEADLINE_EXCEEDED" || code === "CANCELLED" || (code === "UNAUTHENTICATED" && reason !== "");
}
