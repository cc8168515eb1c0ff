import { setTimeout as sleep } from "node:timers/promises";
import { digestOf, statusName, type CountersignClient, type Decision, type KnownAction, type Requested } from "@countersign/client";
import { ActionStatus, type Action } from "@countersign/proto/v1/action_pb";
import { stateOf, Caller, type Circumstances } from "./caller.ts";
import type { Cast, Name } from "./cast.ts";
import { edited, type Intent, type Kind } from "./intents.ts";
import { lookOn } from "./onlooker.ts";
import { Reviewer } from "./reviewer.ts";
import { Talk } from "./talk.ts";

/** One intended action from the question to the report, by callers who do not give up before `until`. */
export class Life {
  readonly #intent: Intent;
  readonly #cast: Cast;
  readonly #circumstances: Circumstances;
  readonly #requester: Caller;

  constructor(intent: Intent, cast: Cast, circumstances: Circumstances) {
    this.#intent = intent;
    this.#cast = cast;
    this.#circumstances = circumstances;
    this.#requester = this.#caller(intent.kind === "approved by two" ? "ci-runner" : "crm-agent");
  }

  async live(): Promise<void> {
    const asked = await this.#ask();
    // Who does not talk looks on: one of the two streams of each gateway is somebody's.
    await Promise.all([this.#act(asked), ...(this.#intent.talks ? [] : [lookOn(this.#requester, asked[0].action.id)])]);
  }

  async #act([asked, ...again]: readonly [Asked, ...Asked[]]): Promise<void> {
    const { id } = asked.action;
    const others = again.map((one) => this.#wait(one));
    const [decision] = await Promise.all([this.#decided(asked), ...others, ...this.#reviewers(id), this.#talk(asked), this.#cancel(id)]);
    if (decision.grantToken === "") return;
    if (!(await this.#redeem(decision))) return;
    const reported = await this.#requester.persist(
      "report",
      (client) => client.report(id, { outcome: "succeeded" }, this.#requester.limits),
      stateOf,
    );
    this.#requester.acknowledge("reported", reported);
  }

  #caller(name: Name): Caller {
    return new Caller(name, this.#intent.id, this.#cast[name], this.#circumstances);
  }

  /** By one call that goes on as a watch, or by two; those who race do both with one key. */
  async #ask(): Promise<readonly [Asked, ...Asked[]]> {
    const { input, id: idempotencyKey, racing, talks } = this.#intent;
    const signal = this.#circumstances.until;
    const ask = async (byOneCall: boolean): Promise<Asked> => {
      const call = { idempotencyKey, ...this.#requester.limits };
      const asked = await this.#requester.persist(
        "request",
        (client): Promise<Asked> => (byOneCall ? client.requestAndWatch(input, { ...call, signal }) : client.requestAction(input, call)),
        tell,
      );
      this.#requester.acknowledge("requested", asked.action, asked);
      return asked;
    };
    return racing ? Promise.all([ask(talks), ask(!talks)]) : [await ask(talks)];
  }

  /** Waits, and takes what a reviewer made of it for its own. */
  async #decided(asked: Asked): Promise<Decision<Told>> {
    let known: Asked = asked;
    for (;;) {
      const status = statusName(known.action.status);
      if (status === "EDITED") await this.#accept(known);
      else if (status !== "REQUESTED" && status !== "IN_REVIEW") return known;
      known = await this.#wait(known);
    }
  }

  /** By the stream that it was asked for with, if there is one and it is good. */
  async #wait({ action: { id }, decided: stream }: Asked): Promise<Decision<Told>> {
    let decided = stream;
    const wait = (client: CountersignClient): Promise<Decision<Told>> => {
      const first = decided;
      decided = undefined;
      return first === undefined ? client.waitForDecision(id, { signal: this.#circumstances.until }) : first();
    };
    const decision = await this.#requester.persist("wait", wait, tell);
    this.#requester.acknowledge("decided", decision.action, decision);
    return decision;
  }

  async #accept({ action: { id, digest } }: Decision<Told>): Promise<void> {
    const accepted = await this.#requester.unless(
      ["WRONG_STATE", "STALE_DIGEST"],
      "accept the edit",
      (client) => client.acceptEdit(id, digest, this.#requester.limits),
      tell,
    );
    if (accepted !== undefined) this.#requester.acknowledge("accepted", accepted.action, accepted);
  }

  #reviewers(actionId: string): readonly Promise<void>[] {
    const { racing, kind } = this.#intent;
    const reviewer = (name: Name): Reviewer => new Reviewer(this.#caller(name), actionId, racing);
    switch (kind) {
      case "approved":
        return [reviewer("data-owner").approve(), ...(racing ? [reviewer("second-data-owner").approve()] : [])];
      case "approved by two":
        return [reviewer("security-lead").approve(), reviewer("security-engineer").approve()];
      case "rejected":
        return [
          reviewer(racing ? "data-owner" : "second-data-owner").reject(),
          ...(racing ? [reviewer("second-data-owner").approve()] : []),
        ];
      case "edited":
        return [reviewer("second-data-owner").edit(), reviewer("data-owner").approve()];
      case "cancelled":
        return racing ? [reviewer("data-owner").approve()] : [];
      case "emergency":
        return [reviewer("security-lead").breakGlass(), ...(racing ? [reviewer("data-owner").approve()] : [])];
      case "allowed":
      case "denied":
      case "at the last moment":
      case "unanswered":
        return [];
      default:
        return kind satisfies never;
    }
  }

  async #talk({ action }: Decision<Told>): Promise<void> {
    const people = TALKERS[this.#intent.kind].map((name) => this.#caller(name));
    if (!this.#intent.talks || statusName(action.status) !== "IN_REVIEW") return;
    await new Talk(action.id, this.#requester, people, this.#intent.racing).live();
  }

  async #cancel(actionId: string): Promise<void> {
    if (this.#intent.kind !== "cancelled") return;
    const cancelled = await this.#requester.unless(
      ["WRONG_STATE"],
      "cancel",
      (client) => client.actions.cancelAction({ actionId, reason: "not any more" }, this.#requester.limits),
      ({ action }) => stateOf(action),
    );
    if (cancelled !== undefined) this.#requester.acknowledge("cancelled", cancelled.action);
  }

  /** Three calls with keys of their own, of which one may win, and a fourth that repeats the first one. False when the grant was no good any more. */
  async #redeem({ action, grantToken }: Decision<Told>): Promise<boolean> {
    const { racing, kind, input, id } = this.#intent;
    const late = kind === "at the last moment";
    if (late) await sleep(racing ? GRANT_MS - 100 : GRANT_MS * 2);
    const original = digestOf(action, input);
    const digest = Buffer.compare(original, action.digest) === 0 ? original : digestOf(action, edited(input));
    const redeem = async (key: string): Promise<boolean> => {
      const call = { idempotencyKey: `${id} ${key}`, ...this.#requester.limits };
      const receipt = await this.#requester.unless(
        ["GRANT_REDEEMED", "GRANT_REVOKED", "GRANT_EXPIRED"],
        `redeem ${key}`,
        (client) => client.redeem(grantToken, digest, call),
        ({ version, position }) => `REDEEMED at ${version}, position ${position}`,
      );
      if (receipt === undefined) return false;
      const told = { id: receipt.actionId, version: receipt.version, status: ActionStatus.REDEEMED };
      this.#requester.acknowledge("redeemed", told, { key, place: receipt.position });
      return true;
    };
    const outcomes = await Promise.all((racing ? ["a", "b", "c", "a"] : ["a"]).map(redeem));
    return outcomes.includes(true);
  }
}

/** With its decision to come, when it was asked for by one call. */
type Asked = Decision<Told> & Partial<Pick<Requested, "decided">>;

/** What the reply of any call tells. */
type Told = Action | KnownAction;

const tell = ({ action, grantToken }: Decision<Told>): string => `${stateOf(action)}${grantToken === "" ? "" : ", with the grant"}`;

/** Who may claim the review and write on it, whatever happens to it meanwhile. An editor may not claim what it edited. */
const TALKERS: Readonly<Record<Kind, readonly Name[]>> = {
  allowed: [],
  denied: [],
  "at the last moment": [],
  approved: ["data-owner", "second-data-owner"],
  "approved by two": ["security-lead", "security-engineer"],
  rejected: ["second-data-owner", "data-owner"],
  edited: ["data-owner"],
  cancelled: ["data-owner", "second-data-owner"],
  emergency: ["second-data-owner", "data-owner"],
  unanswered: ["data-owner", "second-data-owner"],
};

/** Of the policy's rule for what is done at the last moment. */
const GRANT_MS = 3000;
