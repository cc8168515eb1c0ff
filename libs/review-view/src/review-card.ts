import { moment } from "./moment.ts";
import type { ShownComment } from "./review-parts.ts";
import type { ReviewStatus } from "./review-source.ts";
import type { Decide, ReviewView } from "./review-view.ts";
import type { ShownMembers } from "./shown-members.ts";
import type { ShownText } from "./shown-text.ts";
import type { Paint } from "./paint.ts";

const LABEL = 14;

/**
 * How a card is drawn. `columns` is the width of the screen: a line that the terminal itself would break starts without a bar. `command` is how the reader
 * calls the command line client, default `countersign`. `may`: what this reader may do, where that is known; default all.
 */
export type CardStyle = {
  readonly paint: Paint;
  readonly columns: number;
  readonly command?: string;
  readonly may?: { readonly approve: boolean; readonly reject: boolean };
};

/**
 * A review as lines of text. Every line starts with a bar, so nothing inside of a value can look like a line of the card, and what the requester says
 * stands behind a bar of its own.
 */
export function reviewCard(view: ReviewView, style: CardStyle): string {
  const { paint, columns } = style;
  const lines = body(view, style)
    .flatMap((line) => wrap(line, columns))
    .map((line) => (line.startsWith(CLAIM) ? paint.warn(line) : line));
  return [paint.strong("┌─ Review"), ...lines, "└─", ""].join("\n");
}

function body(view: ReviewView, style: CardStyle): Line[] {
  return [
    row("│ ", "", textLine(view.title)),
    ...(view.editor === undefined ? [] : [note(editedLine(view.editor))]),
    row("│ ", "action", view.actionId),
    row("│ ", "tenant", view.tenant),
    row("│ ", "status", view.status),
    ...view.facts.map((fact) => row("│ ", fact.label, textLine(fact.value))),
    ...missing("│ ", view.moreFacts, "facts"),
    note(""),
    ...(view.erased
      ? [note("The content of this action was erased.")]
      : [note(parametersLabel(view)), ...members("│   ", view.parameters)]),
    ...claims(view),
    ...comments(view),
    note(""),
    row("│ ", "digest", view.digest),
    row("│ ", "version", String(view.version)),
    ...(view.deadline === undefined ? [] : [row("│ ", "deadline", moment(new Date(view.deadline)))]),
    ...howToDecide(view, style),
  ];
}

/** A line before it is broken: the bar stands on each part, the indent on all but the first. */
type Line = { readonly bar: string; readonly indent: string; readonly text: string; readonly breaks?: false };

const CLAIM = "│ ┊ ";

function claims(view: ReviewView): Line[] {
  if (view.claims.members.length === 0 && view.claims.more === 0) return [];
  return [note(""), note("The requester says (not checked, not covered by the digest):"), ...members(CLAIM, view.claims)];
}

function comments(view: ReviewView): Line[] {
  if (view.comments.comments.length === 0) return [];
  const lines = view.comments.comments.map((comment): Line => ({ bar: CLAIM, indent: "  ", text: commentLine(comment) }));
  const { more } = view.comments;
  return [note(""), note(COMMENTS_LABEL), ...lines, ...(more === 0 ? [] : [note(`and ${more} more`, CLAIM)])];
}

/** Stands over the parameters. Nobody must take what ran already, or what nobody may run any more, for what will. */
export function parametersLabel({ status, decide }: Pick<ReviewView, "status" | "decide">): string {
  const runs = decide !== undefined || MAY_RUN.has(status);
  return runs ? "This will run, and the digest covers all of it:" : "This was asked for, and the digest covers all of it:";
}

const MAY_RUN: ReadonlySet<ReviewStatus> = new Set(["requested", "edited", "approved"]);

/** Stands above what people wrote about a review, wherever it is shown. */
export const COMMENTS_LABEL = "Said about it (not checked, not covered by the digest, decides nothing):";

/** One comment on one line; words of ours stand first. */
export function commentLine({ number, kind, side, question, open, author, text }: ShownComment): string {
  const does = { remark: "says", question: open ? "asks, not answered yet" : "asks", answer: `answers ${question}` }[kind];
  return `${number}. ${side} ${textLine(author)} ${does}: ${textLine(text)}`;
}

function members(bar: string, section: ShownMembers): Line[] {
  const lines = section.members.map((member) => ({ bar, indent: "  ", text: `${textLine(member.path)} = ${textLine(member.value)}` }));
  return [...lines, ...missing(bar, section.more, "values")];
}

function missing(bar: string, count: number, what: string): Line[] {
  return count === 0 ? [] : [note(`and ${count} more ${what}: read the whole action before you decide`, bar)];
}

function howToDecide({ decide, actionId, digest }: ReviewView, { command = "countersign", may }: CardStyle): Line[] {
  if (decide === undefined) return [];
  const commands = [
    ...(may?.approve === false ? [] : [`${command} approve ${actionId} --digest ${digest}`]),
    ...(may?.reject === false ? [] : [`${command} reject ${actionId} --reason "..."`]),
  ];
  return [row("│ ", "needs", needsLine(decide)), ...commands.map((text, index) => whole(row("│ ", index === 0 ? "decide" : "", text)))];
}

/** That it was edited and by whom, on one line; words of ours stand first. */
export function editedLine(editor: ShownText): string {
  return `Edited by ${textLine(editor)}: votes on what it was before lapsed, and this is the new version.`;
}

/** What the open stage still needs, on one line. */
export function needsLine({ quorum, approvals }: Decide): string {
  return approvals === 0 ? textLine(quorum) : `${textLine(quorum)}; approved by ${approvals} so far`;
}

function row(bar: string, label: string, text: string): Line {
  return { bar, indent: " ".repeat(LABEL), text: `${label.padEnd(LABEL)}${text}` };
}

/** For what is to be copied; it holds nothing but our own words, an id and a digest. */
function whole(line: Line): Line {
  return { ...line, breaks: false };
}

function note(text: string, bar = "│ "): Line {
  return { bar, indent: "", text };
}

/** One text with its cut and its notes, on one line. What the card itself is drawn with may not come from a value. */
export function textLine(text: ShownText): string {
  const cut =
    text.cut === undefined ? "" : ` ⟨… ${text.cut.characters} characters, SHA-256 ${text.cut.sha256} …⟩ ${undrawn(text.cut.tail)}`;
  const notes = text.notes.length === 0 ? "" : ` ⟨${text.notes.join(", ")}⟩`;
  return `${undrawn(text.text)}${cut}${notes}`;
}

function undrawn(text: string): string {
  return text.replaceAll(/[\u2500-\u257f■⟨⟩]/g, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
}

function wrap(line: Line, columns: number): string[] {
  if (line.breaks === false) return [`${line.bar}${line.text}`];
  const lines: string[] = [];
  let current = line.bar;
  let room = columns - line.bar.length;
  for (const character of line.text) {
    // Anything beyond ASCII may be two columns wide.
    const width = character < "\u007f" ? 1 : 2;
    if (room < width) {
      lines.push(current);
      current = `${line.bar}${line.indent}`;
      room = columns - current.length;
    }
    current += character;
    room -= width;
  }
  return [...lines, current.trimEnd()];
}
