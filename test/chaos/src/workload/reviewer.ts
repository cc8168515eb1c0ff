import { setTimeout as sleep } from "node:timers/promises";
import { statusName } from "@countersign/client";
import type { Action } from "@countersign/proto/v1/action_pb";
import type { SubmitVoteRequest } from "@countersign/proto/v1/review_service_pb";
import { sha256Hex, shownDigest, toReviewSource } from "@countersign/review-view";
import { stateOf, type Caller } from "./caller.ts";
import { EDITED } from "./intents.ts";

type Choice = Exclude<SubmitVoteRequest["decision"], { readonly case: undefined }>["case"];

/** Somebody who looks at one action until it can be decided, and then decides. */
export class Reviewer {
  readonly #caller: Caller;
  readonly #actionId: string;
  readonly #racing: boolean;

  constructor(caller: Caller, actionId: string, racing: boolean) {
    this.#caller = caller;
    this.#actionId = actionId;
    this.#racing = racing;
  }

  approve(): Promise<void> {
    return this.#vote("approve");
  }

  reject(): Promise<void> {
    return this.#vote("reject");
  }

  edit(): Promise<void> {
    return this.#vote("edit");
  }

  /** Approves alone. */
  async breakGlass(): Promise<void> {
    for (let shown = await this.#shown(); shown !== undefined; shown = await this.#shown()) {
      const request = { ...asShown(shown), reason: "the site is down" };
      const used = await this.#caller.unless(
        LOST_RACE,
        "break glass",
        (client) => client.reviews.breakGlass(request, this.#caller.limits),
        ({ action }) => stateOf(action),
      );
      if (used === undefined) continue;
      this.#caller.acknowledge("broke the glass", used.action);
      return;
    }
  }

  async #vote(choice: Choice): Promise<void> {
    if (!this.#racing) await sleep(this.#caller.name.length * 5);
    for (let shown = await this.#shown(); shown !== undefined; shown = await this.#shown()) {
      const request = { ...asShown(shown), decision: DECISIONS[choice] };
      const voted = await this.#caller.unless(
        LOST_RACE,
        choice,
        (client) => client.reviews.submitVote(request, this.#caller.limits),
        ({ action }) => stateOf(action),
      );
      if (voted === undefined) continue;
      this.#caller.acknowledge(TOLD[choice], voted.action);
      return;
    }
  }

  /** The action while it waits for this reviewer. */
  async #shown(): Promise<Action | undefined> {
    for (let looks = 1; ; looks += 1) {
      const { action } = await this.#caller.persist(
        "look",
        (client) => client.reviews.getReview({ actionId: this.#actionId }, this.#caller.limits),
        (reply) => stateOf(reply.action),
      );
      const status = statusName(action?.status ?? 0);
      if (status === "IN_REVIEW") return this.#hasSpoken(action) ? undefined : action;
      if (status !== "REQUESTED" && status !== "EDITED") return undefined;
      await sleep(Math.min(2000, 50 * 2 ** looks));
    }
  }

  /** A vote that lapsed counts no more; an edit is made once. */
  #hasSpoken(action: Action | undefined): boolean {
    const voted = action?.review?.votes.some(({ reviewer, lapsed }) => reviewer?.id === this.#caller.name && !lapsed);
    return voted === true || action?.review?.editor?.id === this.#caller.name;
  }
}

function asShown(action: Action) {
  const { id: actionId, digest, version } = action;
  return { actionId, digest, version, shownDigest: Buffer.from(shownDigest(toReviewSource(action), sha256Hex), "hex") };
}

/** Somebody else was faster: look again. */
const LOST_RACE = ["STALE_VERSION", "STALE_DIGEST", "STALE_VIEW", "WRONG_STATE", "ALREADY_VOTED"];

const TOLD = { approve: "approved", reject: "rejected", edit: "edited" } as const;

const DECISIONS = {
  approve: { case: "approve", value: {} },
  reject: { case: "reject", value: { reason: "no" } },
  edit: { case: "edit", value: { properties: EDITED, reason: "fewer will do" } },
} as const;
