import type { ReviewView } from "@countersign/review-view";
import { CARD_LIMITS, cardText, NOT_WHOLE, type CardSection } from "../card-sections.ts";
import type { Delivery } from "../../usecases/channel.ts";

/** Teams refuses messages of more than about 28 KB; what wraps the card needs some of it. */
const LARGEST_CARD = 24_000;
/** Teams takes this many people who see a card renewed by itself. */
const MOST_USERS = 60;

export const VERBS = {
  approve: "countersign.approve",
  reject: "countersign.reject",
  edit: "countersign.edit",
  ask: "countersign.ask",
  claim: "countersign.claim",
  release: "countersign.release",
  refresh: "countersign.refresh",
} as const;
export const INPUTS = {
  approveReason: "approveReason",
  rejectReason: "rejectReason",
  editReason: "editReason",
  question: "question",
  properties: "properties",
} as const;

export type TeamsControls = {
  readonly sealed: string;
  /** Parameters for the edit form; undefined: no editing. */
  readonly editable: string | undefined;
  readonly url: string | undefined;
  /** Ids of people in Teams for whom the card renews itself when they look at it. */
  readonly users: readonly string[];
};

/** A card in JSON. */
export type AdaptiveCard = Readonly<Record<string, unknown>>;

/**
 * A review as an Adaptive Card 1.5. Everybody's text stands in text runs, which know no Markdown; text blocks, which do, hold words of ours only.
 */
export function adaptiveCard(render: Delivery["render"], controls: TeamsControls | undefined): AdaptiveCard {
  const smaller = controls === undefined ? [undefined] : [controls, { ...controls, editable: undefined }];
  const attempts = CARD_LIMITS.flatMap((limits) => smaller.map((given) => compose(render(limits), given)));
  const fitting = attempts.find((card) => Buffer.byteLength(JSON.stringify(card)) <= LARGEST_CARD) ?? attempts.at(-1);
  if (fitting === undefined) throw new Error("there are no limits to render with");
  return fitting;
}

function compose(view: ReviewView, controls: TeamsControls | undefined): AdaptiveCard {
  const { heading, title, edited, why, sections } = cardText(view);
  const decides = controls !== undefined && view.decide !== undefined;
  return {
    type: "AdaptiveCard",
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    version: "1.5",
    fallbackText: heading,
    body: [
      ourText(heading, { size: "Large", weight: "Bolder" }),
      line(title, { weight: "Bolder" }),
      ...(edited === undefined ? [] : [line(edited, { color: "Attention" })]),
      ...(why === undefined ? [] : [line(why, {})]),
      ...sections.map(container),
      ...(decides && !view.whole ? [ourText(NOT_WHOLE, { weight: "Bolder" })] : []),
    ],
    ...(controls === undefined ? {} : refresh(controls)),
    ...(decides ? { actions: actions(controls, view) } : {}),
  };
}

function container({ kind, label, lines }: CardSection): object {
  const heading = label === "" ? [] : [ourText(label, { weight: "Bolder" })];
  const style = kind === "claims" || kind === "comments" ? { style: "warning" } : {};
  return { type: "Container", separator: kind !== "facts", ...style, items: [...heading, ...lines.map((text) => line(text, {}))] };
}

/** Only for words of ours: Teams reads Markdown in it. */
function ourText(text: string, look: object): object {
  return { type: "TextBlock", text, wrap: true, ...look };
}

/** `{{DATE(…)}}` is a command of the renderer, so no run holds two braces in a row. */
function line(text: string, look: object): object {
  return { type: "RichTextBlock", inlines: text.split(/(?<=\{)(?=\{)/).map((run) => ({ type: "TextRun", text: run, ...look })) };
}

function refresh({ sealed, users }: TeamsControls): object {
  const userIds = users.length > 0 && users.length <= MOST_USERS ? { userIds: users } : {};
  return { refresh: { action: execute("refresh", "Refresh", sealed), ...userIds } };
}

/** Teams shows six buttons; what is secondary stands in the menu beside them. */
function actions(controls: TeamsControls, { whole, claimed }: Pick<ReviewView, "whole" | "claimed">): object[] {
  const { sealed, editable, url } = controls;
  return [
    ...(whole ? approve(sealed) : []),
    form("Reject …", [reasonInput(INPUTS.rejectReason, "Why? The requester is told.")], execute("reject", "Reject", sealed)),
    ...(editable === undefined ? [] : [editForm(editable, sealed)]),
    {
      ...form("Ask …", [reasonInput(INPUTS.question, "What? The requester is told, and answers here.")], execute("ask", "Ask", sealed)),
      ...MENU,
    },
    { ...execute("claim", "Claim", sealed), ...MENU },
    ...(claimed ? [{ ...execute("release", "Release", sealed), ...MENU }] : []),
    ...(url === undefined ? [] : [{ type: "Action.OpenUrl", title: "Open", url }]),
  ];
}

function approve(sealed: string): object[] {
  const button = execute("approve", "Approve", sealed);
  return [{ ...button, style: "positive" }, form("Approve with a reason …", [reasonInput(INPUTS.approveReason, "Why?")], button)];
}

const MENU = { mode: "secondary" };

function editForm(editable: string, sealed: string): object {
  const parameters = {
    type: "Input.Text",
    id: INPUTS.properties,
    label: "Parameters (JSON)",
    isMultiline: true,
    isRequired: true,
    value: editable,
  };
  const note = ourText("Policy answers again, earlier votes lapse, and you may not approve the result yourself.", {});
  return form("Edit …", [note, parameters, reasonInput(INPUTS.editReason, "Why?")], execute("edit", "Change", sealed));
}

function reasonInput(id: string, label: string): object {
  return { type: "Input.Text", id, label, isMultiline: true, isRequired: true, errorMessage: "Say why.", maxLength: 3000 };
}

function form(title: string, body: object[], action: object): object {
  return { type: "Action.ShowCard", title, card: { type: "AdaptiveCard", body, actions: [action] } };
}

/** Clients too old for it show no button, rather than one that sends something else. */
function execute(verb: keyof typeof VERBS, title: string, sealed: string): object {
  return { type: "Action.Execute", title, verb: VERBS[verb], data: { card: sealed }, fallback: "drop" };
}

/** How a card travels in an activity or a workflow's message. */
export function cardAttachment(card: AdaptiveCard): object {
  return { contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content: card };
}
