import { ActionStatus, CommentKind } from "@countersign/proto/v1/action_pb";
import { stateOf, type Caller } from "./caller.ts";

type Written = { readonly kind: CommentKind; readonly text: string; readonly question?: number };

/** What people say about a review while others decide it. It decides nothing and keeps nobody from deciding; what was acknowledged stays said. */
export class Talk {
  readonly #actionId: string;
  readonly #requester: Caller;
  readonly #people: readonly Caller[];
  readonly #racing: boolean;

  constructor(actionId: string, requester: Caller, people: readonly Caller[], racing: boolean) {
    this.#actionId = actionId;
    this.#requester = requester;
    this.#people = people;
    this.#racing = racing;
  }

  async live(): Promise<void> {
    const [asker] = this.#people;
    const remarking = this.#people.at(-1);
    if (asker === undefined || remarking === undefined) return;
    // All who may claim it at once: one of them has it.
    await Promise.all([
      ...(this.#racing ? this.#people : [asker]).map((person) => this.#claim(person)),
      this.#askAndAnswer(asker),
      this.#write(remarking, "remark", { kind: CommentKind.REMARK, text: "seen" }),
    ]);
  }

  async #claim(person: Caller): Promise<void> {
    const claimed = await person.unless(
      [...OVER, "ALREADY_CLAIMED", "CLAIM_LIMIT", "ALREADY_VOTED"],
      "claim",
      (client) => client.reviews.claimReview({ actionId: this.#actionId }, person.limits),
      ({ action }) => stateOf(action),
    );
    if (claimed === undefined) return;
    person.acknowledge("claimed", claimed.action);
    await person.unless(
      [...OVER, "ALREADY_CLAIMED"],
      "release",
      (client) => client.reviews.releaseReview({ actionId: this.#actionId }, person.limits),
      ({ action }) => stateOf(action),
    );
  }

  /** The same question twice with one key; two answers with a key each, of which one may count. */
  async #askAndAnswer(asker: Caller): Promise<void> {
    const ask = (): Promise<number | undefined> => this.#write(asker, "question", { kind: CommentKind.QUESTION, text: "Why now?" });
    const [question] = await Promise.all(this.#racing ? [ask(), ask()] : [ask()]);
    if (question === undefined) return;
    const answer = (key: string): Promise<number | undefined> =>
      this.#write(this.#requester, key, { kind: CommentKind.ANSWER, text: "The month ends.", question });
    await Promise.all((this.#racing ? ["answer a", "answer b"] : ["answer"]).map(answer));
  }

  /** The comment's number; nothing when there was no place for it any more. */
  async #write(author: Caller, key: string, written: Written): Promise<number | undefined> {
    const request = { actionId: this.#actionId, ...written, idempotencyKey: `${this.#actionId} ${key}` };
    const reply = await author.unless(
      [...OVER, "QUESTION_NOT_OPEN"],
      key,
      (client) => client.reviews.addComment(request, author.limits),
      ({ comment, version }) => `comment ${comment?.number} at ${version}`,
    );
    if (reply === undefined) return undefined;
    // It can be written in review and in no other state, so that this is what its version says.
    const told = { id: this.#actionId, version: reply.version, status: ActionStatus.IN_REVIEW };
    author.acknowledge("commented", told, { key, place: reply.comment?.number });
    return reply.comment?.number;
  }
}

/** The review was decided meanwhile. */
const OVER = ["WRONG_STATE", "DEADLINE_PASSED"];
