import type { ReviewView } from "@countersign/review-view";
import { TerminalDeliveryError, type Delivery } from "../../usecases/channel.ts";
import { aboveSections, CARD_LIMITS, cardText, EVENT_WORDS, subjectOf, type CardText } from "../card-sections.ts";
import { escapeHtml, lineHtml, sectionsHtml, unlinkedHtml } from "../html.ts";

/** A message before it has an address. */
export type MailText = { readonly subject: string; readonly text: string; readonly html: string };

/** Both parts together; mail programs cut what is longer, and then it would be cut in silence. */
const LARGEST = 90_000;

/**
 * A review as a mail: less and less of each text until mail programs show all of it.
 * @param url where its reader decides, after a sign-in; undefined: nowhere.
 */
export function mailText(
  render: Delivery["render"],
  url: string | undefined,
  event: Delivery["event"]["type"],
  isFollowUp: boolean,
): MailText {
  for (const limits of CARD_LIMITS) {
    const mail = compose(render(limits), url, event, isFollowUp);
    if (Buffer.byteLength(mail.text) + Buffer.byteLength(mail.html) <= LARGEST) return mail;
  }
  throw new TerminalDeliveryError("the review is too long for a mail, however much of it is left out");
}

function compose(view: ReviewView, url: string | undefined, event: Delivery["event"]["type"], isFollowUp: boolean): MailText {
  const card = cardText(view);
  const notice = card.why ?? "Nothing is decided by opening this link: you sign in, read, and decide there.";
  const news = isFollowUp ? `Since the last message: ${EVENT_WORDS[event]}.` : "";
  return {
    subject: `${isFollowUp ? "Re: " : ""}${card.heading}: ${subjectOf(card.title)}`,
    text: plainPart(card, url, [news, notice]),
    html: htmlPart(card, url, [news, notice]),
  };
}

function plainPart(card: CardText, url: string | undefined, notes: readonly string[]): string {
  const body = [
    ...aboveSections(card),
    ...card.sections.flatMap(({ label, lines }) => ["", ...(label === "" ? [] : [label]), ...lines]),
  ].join("\n");
  const unlinked = unlinkedText(body);
  return [
    card.heading,
    ...notes.filter((note) => note !== ""),
    ...(url === undefined ? [] : ["", `Open the review: ${url}`]),
    "",
    unlinked,
    ...(unlinked === body ? [] : ["", "(Where [:]// or www[.] stands, the text itself has no brackets: they keep it from being a link.)"]),
    "",
  ].join("\n");
}

/** Mail programs make links even of plain text. */
export function unlinkedText(text: string): string {
  return text.replaceAll("://", "[:]//").replaceAll(/\bwww\./gi, (start) => `${start.slice(0, -1)}[.]`);
}

function htmlPart(card: CardText, url: string | undefined, notes: readonly string[]): string {
  const link = url === undefined ? "" : `<p><a href="${escapeHtml(url)}">Open the review</a></p>`;
  const said = notes
    .filter((note) => note !== "")
    .map((note) => `<p>${escapeHtml(note)}</p>`)
    .join("");
  return htmlDocument(`<h1 style="font-size:18px">${escapeHtml(card.heading)}</h1>${said}${link}
${aboveHtml(card)}
${sectionsHtml(card, "inline")}`);
}

/** What stands above the sections. */
export function aboveHtml(card: CardText): string {
  const title = `<p dir="ltr" style="font-size:16px;overflow-wrap:anywhere;unicode-bidi:isolate"><strong>${unlinkedHtml(card.title)}</strong></p>`;
  return card.edited === undefined ? title : `${title}\n${lineHtml(card.edited)}`;
}

/** Without anything that is loaded from elsewhere. */
export function htmlDocument(body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"></head><body style="font-family:sans-serif;color:#111;background:#fff">${body}</body></html>`;
}
