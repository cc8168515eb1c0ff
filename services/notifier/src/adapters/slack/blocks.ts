import type { ReviewView } from "@countersign/review-view";
import type { ActionsBlock, Button, KnownBlock, PlainTextElement, SectionBlock } from "@slack/types";
import { aboveSections, CARD_LIMITS, cardText, NOT_WHOLE, type CardSection } from "../card-sections.ts";
import type { Delivery } from "../../usecases/channel.ts";

/** Slack refuses more than 3,000 in a section and 50 blocks in a message. */
const SECTION_CHARACTERS = 2900;
const MOST_BLOCKS = 46;
/** Far below where Slack answers `msg_blocks_too_long`. */
const MOST_CHARACTERS = 11_000;
/** Stands before the rest of a line that one section cannot hold. */
const GOES_ON = "⤷ ";

export const ACTIONS = {
  approve: "countersign.approve",
  reject: "countersign.reject",
  edit: "countersign.edit",
  ask: "countersign.ask",
  claim: "countersign.claim",
  release: "countersign.release",
  open: "countersign.open",
} as const;

/** What a message takes back in: the sealed card, and where to go for what a click may not decide. */
export type CardControls = { readonly sealed: string; readonly edit: boolean; readonly url: string | undefined };

export type SlackMessage = { readonly text: string; readonly blocks: KnownBlock[] };

/** A review as Block Kit. Every text is plain text with Slack's three escapes, so nothing in it is markup, a mention or a link. */
export function slackMessage(render: Delivery["render"], controls: CardControls | undefined): SlackMessage {
  const least = CARD_LIMITS.at(-1);
  for (const limits of CARD_LIMITS) {
    const message = compose(render(limits), controls);
    if (limits === least || fits(message)) return message;
  }
  throw new Error("there are no limits to render with");
}

function compose(view: ReviewView, controls: CardControls | undefined): SlackMessage {
  const card = cardText(view);
  const { heading, title, why, sections } = card;
  const text = `${escapeText(heading)}: ${escapeText(title)}`;
  const blocks: KnownBlock[] = [
    { type: "header", text: plainText(heading) },
    ...textSections([...aboveSections(card), ...(why === undefined ? [] : [why])]),
    ...sections.flatMap(sectionBlocks),
    ...(view.decide === undefined || controls === undefined ? [] : decision(view, controls)),
  ];
  return { text, blocks };
}

function fits({ blocks }: SlackMessage): boolean {
  return blocks.length <= MOST_BLOCKS && JSON.stringify(blocks).length <= MOST_CHARACTERS;
}

function sectionBlocks(section: CardSection): KnownBlock[] {
  const blocks = textSections([...(section.label === "" ? [] : [section.label]), ...section.lines]);
  return section.kind === "facts" ? blocks : [{ type: "divider" }, ...blocks];
}

/** Lines in as few sections as they fit into; a line that is longer than a section goes on, marked, in the next. */
export function textSections(lines: readonly string[]): SectionBlock[] {
  const texts: string[] = [];
  let current = "";
  for (const part of lines.flatMap(pieces)) {
    if (current.length + part.length + 1 > SECTION_CHARACTERS) {
      texts.push(current);
      current = part;
    } else current = current === "" ? part : `${current}\n${part}`;
  }
  if (current !== "") texts.push(current);
  return texts.filter((text) => text !== "").map((text) => ({ type: "section", text: { type: "plain_text", text, emoji: false } }));
}

/** Escapes before it cuts, and cuts between characters: half an escape would be markup again. */
function pieces(line: string): string[] {
  const parts: string[] = [];
  let current = "";
  for (const character of line) {
    const escaped = escapeText(character);
    if (current.length + escaped.length > SECTION_CHARACTERS - GOES_ON.length) {
      parts.push(current);
      current = GOES_ON;
    }
    current += escaped;
  }
  return [...parts, current];
}

/** Slack's own three escapes. */
export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Only for words of ours. */
export function plainText(text: string): PlainTextElement {
  return { type: "plain_text", text, emoji: false };
}

function decision({ whole, claimed }: ReviewView, controls: CardControls): KnownBlock[] {
  return [...(whole ? [] : textSections([NOT_WHOLE])), actions(controls, { whole, claimed })];
}

function actions({ sealed, edit, url }: CardControls, { whole, claimed }: Pick<ReviewView, "whole" | "claimed">): ActionsBlock {
  const button = (action: keyof typeof ACTIONS, label: string): Button => ({
    type: "button",
    action_id: ACTIONS[action],
    text: plainText(label),
    value: sealed,
  });
  return {
    type: "actions",
    block_id: "countersign.decide",
    elements: [
      ...(whole ? [{ ...button("approve", "Approve"), style: "primary" as const }] : []),
      { ...button("reject", "Reject …"), style: "danger" },
      ...(edit ? [button("edit", "Edit …")] : []),
      button("ask", "Ask …"),
      button("claim", "Claim"),
      ...(claimed ? [button("release", "Release")] : []),
      ...(url === undefined ? [] : [{ type: "button" as const, action_id: ACTIONS.open, text: plainText("Open"), url }]),
    ],
  };
}
