import type { CardSection, CardText } from "./card-sections.ts";

/** Text as HTML text, also inside of a double-quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}

/**
 * Anybody's text for a place that makes links out of whatever looks like one, as mail programs do: no run of text holds an address any more, and what is
 * seen and copied is the same.
 */
export function unlinkedHtml(text: string): string {
  return escapeHtml(text).replaceAll(/[.@]|(?<=:)\/\//g, (mark) => `<span>${mark}</span>`);
}

/** What is broken goes on further in: no text can begin a line of its own, however many letters it puts before it. */
const LINE = "margin:0 0 0 32px;text-indent:-32px;white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate;direction:ltr";

/** One line that is no part of a section. */
export function lineHtml(text: string): string {
  return `<p dir="ltr" style="${LINE}">${unlinkedHtml(text)}</p>`;
}

/** The sections of a card. Every line is a block of its own, read from the left, whatever letters stand in it. */
export function sectionsHtml({ sections }: CardText, style: "inline" | "class"): string {
  return sections.map((section) => sectionHtml(section, style)).join("\n");
}

function sectionHtml({ kind, label, lines }: CardSection, style: "inline" | "class"): string {
  const line = style === "inline" ? `style="${LINE}"` : `class="line"`;
  const box =
    style === "inline"
      ? `style="margin:12px 0;padding:8px;border-left:3px solid ${BORDERS[kind]};font-family:monospace"`
      : `class="${kind}"`;
  const heading = label === "" ? "" : style === "inline" ? `<p><strong>${escapeHtml(label)}</strong></p>` : `<h2>${escapeHtml(label)}</h2>`;
  return `${heading}<div ${box}>${lines.map((text) => `<p dir="ltr" ${line}>${unlinkedHtml(text)}</p>`).join("")}</div>`;
}

const BORDERS: Readonly<Record<CardSection["kind"], string>> = {
  facts: "#555",
  parameters: "#06c",
  claims: "#c60",
  comments: "#c60",
  naming: "#999",
};
