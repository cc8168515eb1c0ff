import { readEdited, type ReviewSource } from "@countersign/review-view";
import {
  takeAnswer,
  takeWord,
  type AnswerPorts,
  type AnswerResult,
  type ChatUser,
  type Decision,
  type ShownCard,
  type Word,
} from "../../usecases/answer.ts";
import { answerText } from "../answer-text.ts";
import type { Background } from "../background.ts";
import type { CardSeal } from "../card-seal.ts";
import type { RawAnswer, RawRequest } from "../http/listener.ts";
import { conversationOf, inputOf, readActivity, readCardAction, teamsAccount, type CardAction, type TeamsActivity } from "./activity.ts";
import { INPUTS, VERBS, type AdaptiveCard } from "./adaptive-card.ts";
import type { IncomingTokens } from "./incoming-token.ts";

export type TeamsAnswerDeps = {
  readonly tokens: IncomingTokens;
  readonly seal: CardSeal;
  readonly ports: AnswerPorts;
  readonly readAction: (card: ShownCard) => Promise<ReviewSource>;
  /** The card as the log has it now. */
  readonly renderCard: (card: ShownCard, source: ReviewSource) => Promise<AdaptiveCard>;
  readonly conversationOf: (card: ShownCard) => string | undefined;
  readonly url: (card: ShownCard) => string | undefined;
  readonly linkHelp: string;
  readonly background: Background;
  readonly patienceMs?: number;
};

/** Teams gives up on an invoke after a few seconds more. */
const PATIENCE_MS = 4000;

/** The messaging endpoint of a bot: only genuine tokens, only `Action.Execute`. */
export async function teamsRequest(deps: TeamsAnswerDeps, { headers, body }: RawRequest): Promise<RawAnswer> {
  const activity = readActivity(parse(body.toString("utf8")));
  if (activity === undefined) return { status: 400 };
  if (!(await deps.tokens.isGenuine(headers.authorization, activity))) return { status: 401 };
  const action = readCardAction(activity);
  // Members who join, messages to the bot: heard, and nothing to do.
  if (action === undefined) return { status: activity.type === "invoke" ? 501 : 200 };
  const card = deps.seal.open(action.data.card);
  const account = teamsAccount(activity);
  if (card === undefined || account === undefined || !isThere(deps, card, activity)) return refused("This card cannot be verified.");
  return { status: 200, json: await inTime(deps, () => take(deps, action, card, account)) };
}

/** P8: a card counts only in the conversation that its channel is. */
function isThere(deps: TeamsAnswerDeps, card: ShownCard, activity: TeamsActivity): boolean {
  return deps.conversationOf(card) === conversationOf(activity);
}

async function take(deps: TeamsAnswerDeps, action: CardAction, card: ShownCard, account: ChatUser): Promise<object> {
  if (action.verb === VERBS.refresh) return cardNow(deps, card);
  const word = toWord(action);
  if (word !== undefined) return replyTo(deps, card, account, await takeWord(deps.ports, account, card, word));
  const decision = await toDecision(deps, action, card);
  if (typeof decision === "string") return message(decision);
  return replyTo(deps, card, account, await takeAnswer(deps.ports, account, card, decision));
}

async function replyTo(deps: TeamsAnswerDeps, card: ShownCard, account: ChatUser, result: AnswerResult): Promise<object> {
  // What was recorded shows as what the log makes of it, never as what was clicked.
  if (result.outcome === "recorded") return cardNow(deps, card);
  return message(answerText(result, { account, linkHelp: deps.linkHelp, url: deps.url(card) }));
}

/** What decides nothing; undefined for everything else, and for a question without words. */
function toWord(action: CardAction): Word | undefined {
  if (action.verb === VERBS.claim) return { kind: "claim" };
  if (action.verb === VERBS.release) return { kind: "release" };
  const text = inputOf(action, INPUTS.question);
  return action.verb === VERBS.ask && text !== "" ? { kind: "ask", text } : undefined;
}

async function toDecision(deps: TeamsAnswerDeps, action: CardAction, card: ShownCard): Promise<Decision | string> {
  switch (action.verb) {
    case VERBS.approve:
      return { kind: "approve", reason: inputOf(action, INPUTS.approveReason) };
    case VERBS.reject: {
      const reason = inputOf(action, INPUTS.rejectReason);
      return reason === "" ? "Nothing was decided: say why." : { kind: "reject", reason };
    }
    case VERBS.edit:
      return toEdit(deps, action, card);
    case VERBS.ask:
      return "Nothing was asked: say what.";
    default:
      return "Nothing was decided: this button is not known.";
  }
}

async function toEdit(deps: TeamsAnswerDeps, action: CardAction, card: ShownCard): Promise<Decision | string> {
  const reason = inputOf(action, INPUTS.editReason);
  if (reason === "") return "Nothing was changed: say why.";
  const source = await deps.readAction(card);
  if (source.digest !== card.digest) {
    await deps.ports.refresh(card);
    return "Nothing was changed: the parameters were edited since. The message is being renewed, read it again.";
  }
  const edited = readEdited(inputOf(action, INPUTS.properties), source);
  return "problem" in edited ? `Nothing was changed: ${edited.problem}.` : { kind: "edit", reason, properties: edited.properties };
}

async function cardNow(deps: TeamsAnswerDeps, card: ShownCard): Promise<object> {
  const source = await deps.readAction(card);
  return { statusCode: 200, type: "application/vnd.microsoft.card.adaptive", value: await deps.renderCard(card, source) };
}

/** What takes too long goes on, and the message will show what came of it. */
async function inTime(deps: TeamsAnswerDeps, work: () => Promise<object>): Promise<object> {
  const done = Promise.withResolvers<object>();
  const late = message("No answer yet: it may be recorded or not. The message will show which; if it still asks, answer again.");
  deps.background.run(async () => {
    try {
      done.resolve(await work());
    } catch (error) {
      done.resolve(late);
      throw error;
    }
  });
  const timer = setTimeout(() => done.resolve(late), deps.patienceMs ?? PATIENCE_MS);
  try {
    return await done.promise;
  } finally {
    clearTimeout(timer);
  }
}

function message(value: string): object {
  return { statusCode: 200, type: "application/vnd.microsoft.activity.message", value };
}

function refused(text: string): RawAnswer {
  return { status: 200, json: { statusCode: 400, type: "application/vnd.microsoft.error", value: { code: "BadRequest", message: text } } };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
