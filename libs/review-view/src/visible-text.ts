/**
 * What a screen or a terminal would hide, reorder or obey instead of showing: control and format characters (ANSI escapes, bidirectional overrides,
 * zero-width characters, tags), line separators, spaces that are not a space, unassigned and private characters, lone surrogates, and letters without ink.
 */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]|(?! )\p{Zs}/u;
/** Every such character of a text. */
export const UNSHOWABLE_ALL = new RegExp(UNSHOWABLE.source, "gu");

/** The same without the white space that ordinary text has. */
const HIDDEN = new RegExp(`(?![\\n\\r\\t])(?:${UNSHOWABLE.source})`, "u");

/** Most texts: nothing in them could be hidden or look like something else. */
const PLAIN = /^[ -~]*$/;
const PLAIN_IN_QUOTES = /^[ !#-[\]-~]*$/;

/** More marks than two on one letter pile up over the lines around it. */
const PILED_MARKS = /(?<=\p{M}{2})\p{M}/gu;

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const LATIN = /\p{Script=Latin}/u;
const LATIN_LOOKALIKE = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;

/** Full-width, mathematical and other letters that only look like plain ones. */
const LOOKALIKE_FORMS = /[\uff01-\uff5e\u{1d400}-\u{1d7ff}\u{1f130}-\u{1f189}]/u;

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": String.raw`\n`, "\r": String.raw`\r`, "\t": String.raw`\t` };

/** What a reader has to know about a text beside the text. */
export type TextNote = "escaped" | "hidden characters" | "mixed scripts" | "look-alike letters" | "right-to-left letters";

/** A text that is harmless to print on one line: what cannot be shown stands as an escape such as `\n` or `\u{202e}`. */
export type VisibleText = { readonly text: string; readonly notes: readonly TextNote[] };

const NO_NOTES: readonly TextNote[] = Object.freeze([]);

/**
 * Makes a text visible. A text without anything to hide comes back as it is, backslashes included; else the note `escaped` says that `\` starts an escape
 * (and a backslash of the text is doubled), so no text can pass for another one.
 */
export function visible(text: string): VisibleText {
  if (PLAIN.test(text)) return { text, notes: NO_NOTES };
  const notes = notesOn(text);
  return { text: notes.includes("escaped") ? escapeUnshowable(text.replaceAll("\\", "\\\\")) : text, notes };
}

/** A string as a JSON-like literal in quotes: newlines, quotes and backslashes are escaped as in JSON, the unshowable as `\u{...}`. */
export function quoted(text: string): VisibleText {
  if (PLAIN_IN_QUOTES.test(text)) return { text: `"${text}"`, notes: NO_NOTES };
  return {
    text: `"${escapeUnshowable(text.replaceAll("\\", "\\\\").replaceAll('"', String.raw`\"`))}"`,
    // In quotes everything is escaped always: only what was hidden is worth a note.
    notes: notesOn(text).filter((note) => note !== "escaped"),
  };
}

function notesOn(text: string): TextNote[] {
  const notes: TextNote[] = [];
  if (UNSHOWABLE.test(text) || text.search(PILED_MARKS) !== -1) notes.push("escaped");
  if (HIDDEN.test(text)) notes.push("hidden characters");
  if (text.match(WORD)?.some(mixesScripts) === true) notes.push("mixed scripts");
  if (LOOKALIKE_FORMS.test(text)) notes.push("look-alike letters");
  if (RIGHT_TO_LEFT.test(text)) notes.push("right-to-left letters");
  return notes;
}

/** Letters of two alphabets that look alike in one word: how `\u0430dmin` passes for `admin`. */
function mixesScripts(word: string): boolean {
  return LATIN_LOOKALIKE.test(word) && LATIN.test(word);
}

function escapeUnshowable(text: string): string {
  return text.replaceAll(PILED_MARKS, escapeCharacter).replaceAll(UNSHOWABLE_ALL, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return SHORT_ESCAPES[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
