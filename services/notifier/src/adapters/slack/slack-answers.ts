import { editableText, readEdited, type JsonObject, type ReviewSource } from "@countersign/review-view";
import type { ModalView } from "@slack/types";
import type { WebClient } from "@slack/web-api";
import { takeAnswer, takeWord, type AnswerPorts, type ChatUser, type Decision, type ShownCard, type Word } from "../../usecases/answer.ts";
import { answerText } from "../answer-text.ts";
import type { CardSeal } from "../card-seal.ts";
import { ACTIONS, escapeText } from "./blocks.ts";
import { accountOf, fieldOf, type SlackClick, type SlackInteraction, type SlackSubmission } from "./interaction.ts";
import { askModal, editModal, FIELD_CHARACTERS, FIELDS, MODALS, reasonModal } from "./modals.ts";

export type SlackAnswerDeps = {
  readonly client: WebClient;
  readonly seal: CardSeal;
  readonly ports: AnswerPorts;
  /** The action as it is. */
  readonly readAction: (card: ShownCard) => Promise<ReviewSource>;
  /** The conversation of a channel of this app that serves this tenant; undefined: there is none. */
  readonly conversationOf: (card: ShownCard) => string | undefined;
  readonly url: (card: ShownCard) => string | undefined;
  readonly linkHelp: string;
};

/** What Slack hears at once, and what is done after that. */
export type Taken = { readonly ack?: object; readonly work?: () => Promise<void> };

/** Takes clicks and forms in. Slack is answered before anything is done: it waits three seconds. */
export function takeInteraction(deps: SlackAnswerDeps, interaction: SlackInteraction): Taken {
  const account = accountOf(interaction);
  if (account === undefined) return {};
  return interaction.type === "block_actions" ? takeClick(deps, interaction, account) : takeForm(deps, interaction, account);
}

type Asked = { readonly account: ChatUser; readonly card: ShownCard; readonly conversation: string };

function takeClick(deps: SlackAnswerDeps, { actions, trigger_id: trigger }: SlackClick, account: ChatUser): Taken {
  const [action] = actions;
  const asked = openCard(deps, action?.value, account);
  if (action?.value === undefined || asked === undefined) return {};
  const { value } = action;
  switch (action.action_id) {
    case ACTIONS.approve:
      return { work: () => approve(deps, asked, trigger, value) };
    case ACTIONS.reject:
      return { work: () => open(deps, trigger, reasonModal("reject", value)) };
    case ACTIONS.edit:
      return { work: () => openEdit(deps, asked, trigger, value) };
    case ACTIONS.ask:
      return { work: () => open(deps, trigger, askModal(value)) };
    case ACTIONS.claim:
      return { work: () => say(deps, asked, { kind: "claim" }) };
    case ACTIONS.release:
      return { work: () => say(deps, asked, { kind: "release" }) };
    default:
      return {};
  }
}

function takeForm(deps: SlackAnswerDeps, form: SlackSubmission, account: ChatUser): Taken {
  const asked = openCard(deps, form.view.private_metadata, account);
  const reason = fieldOf(form, FIELDS.reason).trim();
  if (asked === undefined) return {};
  if (reason === "")
    return {
      ack: { response_action: "errors", errors: { [FIELDS.reason]: form.view.callback_id === MODALS.ask ? "Say what." : "Say why." } },
    };
  switch (form.view.callback_id) {
    case MODALS.approve:
      return { work: () => answer(deps, asked, { kind: "approve", reason }) };
    case MODALS.reject:
      return { work: () => answer(deps, asked, { kind: "reject", reason }) };
    case MODALS.ask:
      return { work: () => say(deps, asked, { kind: "ask", text: reason }) };
    case MODALS.edit:
      return takeEdit(deps, asked, fieldOf(form, FIELDS.properties), reason);
    default:
      return {};
  }
}

/** What is no JSON is told inside of the form; the rest needs the action. */
function takeEdit(deps: SlackAnswerDeps, asked: Asked, text: string, reason: string): Taken {
  try {
    JSON.parse(text);
  } catch {
    return { ack: { response_action: "errors", errors: { [FIELDS.properties]: "This is not JSON." } } };
  }
  return {
    work: async () => {
      const edited = await readEditedNow(deps, asked, text);
      if ("problem" in edited) await tell(deps, asked, `Nothing was changed: ${edited.problem}.`);
      else await answer(deps, asked, { kind: "edit", reason, properties: edited.properties });
    },
  };
}

async function readEditedNow(deps: SlackAnswerDeps, asked: Asked, text: string): Promise<{ properties: JsonObject } | { problem: string }> {
  const source = await deps.readAction(asked.card);
  return source.digest === asked.card.digest
    ? readEdited(text, source)
    : { problem: "the parameters were edited since the form was opened" };
}

/** Only for a channel of this app that serves the tenant: a message that is not ours opens nothing. */
function openCard({ seal, conversationOf }: SlackAnswerDeps, value: string | undefined, account: ChatUser): Asked | undefined {
  const card = seal.open(value);
  const conversation = card === undefined ? undefined : conversationOf(card);
  return card === undefined || conversation === undefined ? undefined : { account, card, conversation };
}

async function approve(deps: SlackAnswerDeps, asked: Asked, trigger: string, sealed: string): Promise<void> {
  const result = await takeAnswer(deps.ports, asked.account, asked.card, { kind: "approve", reason: "" });
  if (result.outcome === "refused" && result.reason === "REASON_REQUIRED") return open(deps, trigger, reasonModal("approve", sealed));
  return tell(deps, asked, answerText(result, wordsOf(deps, asked)));
}

async function answer(deps: SlackAnswerDeps, asked: Asked, decision: Decision): Promise<void> {
  const result = await takeAnswer(deps.ports, asked.account, asked.card, decision);
  await tell(deps, asked, answerText(result, wordsOf(deps, asked)));
}

async function say(deps: SlackAnswerDeps, asked: Asked, word: Word): Promise<void> {
  const result = await takeWord(deps.ports, asked.account, asked.card, word);
  await tell(deps, asked, answerText(result, wordsOf(deps, asked)));
}

async function openEdit(deps: SlackAnswerDeps, asked: Asked, trigger: string, sealed: string): Promise<void> {
  const source = await deps.readAction(asked.card);
  if (source.digest !== asked.card.digest) {
    await deps.ports.refresh(asked.card);
    return tell(deps, asked, answerText({ outcome: "refused", reason: "STALE_DIGEST" }, wordsOf(deps, asked)));
  }
  const text = editableText(source);
  if (text === undefined) return tell(deps, asked, "Policy lets nobody change these parameters.");
  if (text.length > FIELD_CHARACTERS)
    return tell(
      deps,
      asked,
      `These parameters do not fit into a form of Slack. ${deps.url(asked.card) ?? "Edit them with the command line."}`,
    );
  return open(deps, trigger, editModal(sealed, text));
}

function wordsOf({ linkHelp, url }: SlackAnswerDeps, { account, card }: Asked) {
  return { account, linkHelp, url: url(card) };
}

async function open({ client }: SlackAnswerDeps, trigger: string, view: ModalView): Promise<void> {
  await client.views.open({ trigger_id: trigger, view });
}

/** Only whoever clicked sees it. */
async function tell({ client }: SlackAnswerDeps, { account, conversation }: Asked, text: string): Promise<void> {
  await client.chat.postEphemeral({ channel: conversation, user: account.id, text: escapeText(text), parse: "none", link_names: false });
}
