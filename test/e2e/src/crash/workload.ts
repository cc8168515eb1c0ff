import { sha256Hex, shownDigest, toReviewSource } from "@countersign/review-view";
import { setTimeout as sleep } from "node:timers/promises";
import { CountersignError, digestOf, statusName, type CountersignClient, type Decision } from "@countersign/client";
import type { Action } from "@countersign/proto/v1/action_pb";
import type { Cluster } from "./cluster.ts";
import type { History } from "./history.ts";
import type { Intent } from "./plan.ts";

/** Everybody who takes part. */
export type Cast = Readonly<Record<(typeof NAMES)[number], CountersignClient>>;
const NAMES = ["crm-agent", "ci-runner", "data-owner", "second-data-owner", "security-lead", "security-engineer"] as const;
type Name = (typeof NAMES)[number];

export async function gatherCast(cluster: Cluster): Promise<Cast> {
  const clients = await Promise.all(NAMES.map(async (name) => [name, await cluster.as(name)] as const));
  return Object.fromEntries(clients) as Cast;
}

/** Lives through all intents, some at a time; resolves when each has come to its end. */
export async function liveThrough(intents: readonly Intent[], cast: Cast, history: History): Promise<void> {
  const queue = [...intents];
  const worker = async (): Promise<void> => {
    for (let intent = queue.shift(); intent !== undefined; intent = queue.shift()) await new Life(intent, cast, history).live();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

/** One intended action from the question to the report, by clients who do not give up. */
class Life {
  readonly #intent: Intent;
  readonly #cast: Cast;
  readonly #history: History;
  readonly #requester: "crm-agent" | "ci-runner";
  readonly #until = AbortSignal.timeout(PATIENCE_MS);

  constructor(intent: Intent, cast: Cast, history: History) {
    this.#intent = intent;
    this.#cast = cast;
    this.#history = history;
    this.#requester = intent.kind === "approved by two" ? "ci-runner" : "crm-agent";
  }

  async live(): Promise<void> {
    const asked = await this.#ask();
    const { id } = asked.action;
    const voters = this.#voters().map(([voter, decision], turn) => this.#vote(voter, decision, id, turn));
    const [decision] = await Promise.all([this.#decision(asked), ...voters]);
    if (decision.grantToken === "") return;
    if (!(await this.#redeem(decision))) return;
    const report = { outcome: "succeeded" } as const;
    this.#acknowledge("reported", this.#requester, await this.#persist(() => this.#agent.report(id, report, LIMITS)));
  }

  get #agent(): CountersignClient {
    return this.#cast[this.#requester];
  }

  async #ask(): Promise<Decision> {
    const { input, id: idempotencyKey, racing } = this.#intent;
    const ask = async (): Promise<Decision> => {
      const reply = await this.#persist(() => this.#agent.requestAction(input, { idempotencyKey, ...LIMITS }));
      this.#acknowledge("requested", this.#requester, reply.action);
      return reply;
    };
    const [asked] = await Promise.all(racing ? [ask(), ask()] : [ask()]);
    if (asked === undefined) throw new Error("nobody asked");
    return asked;
  }

  async #decision(asked: Decision): Promise<Decision> {
    const decided = statusName(asked.action.status);
    if (decided !== "REQUESTED" && decided !== "IN_REVIEW") return asked;
    const decision = await this.#agent.waitForDecision(asked.action.id, { signal: this.#until });
    this.#acknowledge("decided", this.#requester, decision.action);
    return decision;
  }

  #voters(): readonly (readonly [Name, "approve" | "reject"])[] {
    const { kind, racing } = this.#intent;
    switch (kind) {
      case "allowed":
      case "denied":
        return [];
      case "approved":
        return racing
          ? [
              ["data-owner", "approve"],
              ["second-data-owner", "approve"],
            ]
          : [["data-owner", "approve"]];
      case "approved by two":
        return [
          ["security-lead", "approve"],
          ["security-engineer", "approve"],
        ];
      case "rejected":
        return racing
          ? [
              ["data-owner", "reject"],
              ["second-data-owner", "approve"],
            ]
          : [["second-data-owner", "reject"]];
      default:
        return kind satisfies never;
    }
  }

  async #vote(name: Name, choice: "approve" | "reject", actionId: string, turn: number): Promise<void> {
    const { reviews } = this.#cast[name];
    if (!this.#intent.racing) await sleep(turn * 10);
    for (;;) {
      const action = await this.#shown(name, actionId);
      if (action === undefined) return;
      const decision = choice === "approve" ? ({ case: choice, value: {} } as const) : ({ case: choice, value: { reason: "no" } } as const);
      const { digest, version } = action;
      const shown = Buffer.from(shownDigest(toReviewSource(action), sha256Hex), "hex");
      try {
        const voted = await this.#persist(() => reviews.submitVote({ actionId, digest, version, shownDigest: shown, decision }, LIMITS));
        this.#acknowledge("voted", name, voted.action);
        return;
      } catch (error) {
        // Somebody else was faster: look again.
        if (!isRefusal(error, "STALE_VERSION", "WRONG_STATE")) throw error;
      }
    }
  }

  /** The action while it waits for this reviewer. */
  async #shown(name: Name, actionId: string): Promise<Action | undefined> {
    for (;;) {
      const { action } = await this.#persist(() => this.#cast[name].reviews.getReview({ actionId }, LIMITS));
      const status = statusName(action?.status ?? 0);
      if (status === "IN_REVIEW") return action?.review?.votes.some(({ reviewer }) => reviewer?.id === name) === true ? undefined : action;
      if (status !== "REQUESTED") return undefined;
      await sleep(100);
    }
  }

  /**
   * Three callers with keys of their own, of whom one may win, and a fourth that repeats the first one's call. False when nobody could: a reject that came right after
   * the approval takes the grant back.
   */
  async #redeem({ action, grantToken }: Decision): Promise<boolean> {
    let revoked = false;
    const digest = digestOf(action, this.#intent.input);
    const redeem = async (key: string): Promise<boolean> => {
      try {
        const call = { idempotencyKey: `${this.#intent.id} ${key}`, ...LIMITS };
        const receipt = await this.#persist(() => this.#agent.redeem(grantToken, digest, call));
        this.#acknowledge("redeemed", `${this.#requester} ${key}`, receipt.action, receipt.position);
        return true;
      } catch (error) {
        const late = this.#intent.kind === "rejected" && isRefusal(error, "GRANT_REVOKED");
        if (!late && !isRefusal(error, "GRANT_REDEEMED")) throw error;
        revoked ||= late;
        return false;
      }
    };
    const outcomes = await Promise.all((this.#intent.racing ? ["a", "b", "c", "a"] : ["a"]).map(redeem));
    if (!outcomes.includes(true) && !revoked) throw new Error(`${this.#intent.id}: nobody could redeem the grant`);
    return outcomes.includes(true);
  }

  /** The client repeats what is safe within the call's time; after that it is ours to repeat, as it is the same call with the same key. */
  async #persist<Result>(call: () => Promise<Result>): Promise<Result> {
    for (;;) {
      this.#until.throwIfAborted();
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof CountersignError)) throw error;
        this.#history.refused(error);
        if (!error.retryable && error.code !== "DEADLINE_EXCEEDED") throw error;
        await sleep(50);
      }
    }
  }

  #acknowledge(step: Parameters<History["acknowledge"]>[0], client: string, action: Action | undefined, position?: bigint): void {
    this.#history.acknowledge(step, this.#intent.id, client, action, position);
  }
}

function isRefusal(error: unknown, ...reasons: readonly string[]): boolean {
  return error instanceof CountersignError && error.code === "FAILED_PRECONDITION" && reasons.includes(error.reason);
}

const IN_FLIGHT = 24;
const LIMITS = { timeoutMs: 3000 };
const PATIENCE_MS = 45_000;
