import type { Delivery } from "../../usecases/channel.ts";
import { aboveSections, CARD_LIMITS, cardText } from "../card-sections.ts";
import { escapeHtml, sectionsHtml } from "../html.ts";
import { aboveHtml, htmlDocument, unlinkedText, type MailText } from "./mail-text.ts";

export type CollectedReview = {
  readonly actionId: string;
  readonly eventId: string;
  readonly version: number;
  readonly url: string | undefined;
  readonly render: Delivery["render"];
};

const [, , , LIMITS] = CARD_LIMITS;
const LARGEST = 90_000;
const NOTICE = "Nothing is decided by opening a link: you sign in, read all of it, and decide there.";

/** Several reviews as one mail; those that find no room are named with their link only. */
export function collectedText(reviews: readonly CollectedReview[]): MailText {
  const subject = reviews.length === 1 ? "Review needed: 1 of little risk" : `Reviews needed: ${reviews.length} of little risk`;
  let [text, html] = [`${subject}\n${NOTICE}\n`, `<p>${NOTICE}</p>`];
  for (const review of reviews) {
    const card = cardText(review.render(LIMITS));
    const link = review.url === undefined ? "" : `<p><a href="${escapeHtml(review.url)}">Open the review</a></p>`;
    const lines = card.sections.flatMap((section) => ["", ...(section.label === "" ? [] : [section.label]), ...section.lines]);
    const where = review.url === undefined ? `action ${review.actionId}` : `Open the review: ${review.url}`;
    const [fullText, fullHtml] = [
      `\n${where}\n${unlinkedText([...aboveSections(card), ...lines].join("\n"))}\n`,
      aboveHtml(card) + sectionsHtml(card, "inline"),
    ];
    const fits = Buffer.byteLength(text) + Buffer.byteLength(html) + Buffer.byteLength(fullText) + Buffer.byteLength(fullHtml) < LARGEST;
    text += fits ? fullText : `\n${where}\n(no room for it here)\n`;
    html += `<hr>${link}${fits ? fullHtml : `<p><strong>action ${escapeHtml(review.actionId)}: no room for it here</strong></p>`}`;
  }
  return { subject, text, html: htmlDocument(html) };
}
