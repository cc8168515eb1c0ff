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

/** More spaces than indentation needs: wherever lines are broken, they end one and let the next begin with what looks like a line of ours. */
const SPACES = 32;
const MANY_SPACES = " ".repeat(SPACES + 1);
const SPACES_TOO_MANY = new RegExp(`( {${SPACES}})( +)`, "g");

/** More marks than two on one letter pile up over the lines around it. */
const PILED_MARKS = /(?<=\p{M}{2})\p{M}/gu;

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const LATIN = /\p{Script=Latin}/u;
const LATIN_LOOKALIKE = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;

/** Full-width, mathematical and other letters that only look like plain ones, and scripts whose letters look like capitals. */
const LOOKALIKE_FORMS =
  /[\uff01-\uff5e\u{1d400}-\u{1d7ff}\u{1f130}-\u{1f189}\u01c3\u0251\u0261\u0269\p{Script=Cherokee}\p{Script=Lisu}\p{Script=Coptic}\p{Script=Deseret}]/u;

/** Signs that pass for those of a path, an address or a command: `https://crm.example\u2215.evil.example` is a host of evil.example. */
const LOOKALIKE_SIGNS =
  /[\u02b9\u02ba\u02bc\u02d0\u02d7\u02f8\u0589\u05c3\u1735\u2010\u2011\u201a\u2024\u2032-\u2037\u2044\u204e\u2212\u2215-\u2217\u2223\u2236\u223c\u2571-\u2573\u2758\u29f5\u29f8\u29f9\ua789\ufe50-\ufe6b]/u;

/** Words of Greek, Cyrillic and Armenian letters that all look like Latin ones. */
const LATIN_TWINS =
  /^[\u0391\u0392\u0395-\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03b1\u03b9\u03bd\u03bf\u03c1\u0405\u0406\u0408\u0410\u0412\u0415\u041a\u041c-\u041e\u0420-\u0423\u0425\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u0475\u04ae\u04bb\u04c0\u04cf\u0501\u051a-\u051d\u0566\u0570\u0578\u057d\u0581\u0585\p{N}]+$/u;

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": String.raw`\n`, "\r": String.raw`\r`, "\t": String.raw`\t` };

/** What a reader has to know about a text beside the text. */
export type TextNote =
  | "escaped"
  | "hidden characters"
  | "mixed scripts"
  | "look-alike letters"
  | "look-alike signs"
  | "right-to-left letters";

/** A text that is harmless to print on one line: what cannot be shown stands as an escape such as `\n` or `\u{202e}`. */
export type VisibleText = { readonly text: string; readonly notes: readonly TextNote[] };

const NO_NOTES: readonly TextNote[] = Object.freeze([]);

/**
 * Makes a text visible. A text without anything to hide comes back as it is, backslashes included; else the note `escaped` says that `\` starts an escape
 * (and a backslash of the text is doubled), so no text can pass for another one.
 */
export function visible(text: string): VisibleText {
  if (PLAIN.test(text) && !text.includes(MANY_SPACES)) return { text, notes: NO_NOTES };
  const notes = notesOn(text);
  return { text: notes.includes("escaped") ? escapeUnshowable(text.replaceAll("\\", "\\\\")) : text, notes };
}

/** A string as a JSON-like literal in quotes: newlines, quotes and backslashes are escaped as in JSON, the unshowable as `\u{...}`. */
export function quoted(text: string): VisibleText {
  if (PLAIN_IN_QUOTES.test(text) && !text.includes(MANY_SPACES)) return { text: `"${text}"`, notes: NO_NOTES };
  return {
    text: `"${escapeUnshowable(text.replaceAll("\\", "\\\\").replaceAll('"', String.raw`\"`))}"`,
    // In quotes everything is escaped always: only what was hidden is worth a note.
    notes: notesOn(text).filter((note) => note !== "escaped"),
  };
}

function notesOn(text: string): TextNote[] {
  const notes: TextNote[] = [];
  const words = text.match(WORD) ?? [];
  if (UNSHOWABLE.test(text) || text.includes(MANY_SPACES) || text.search(PILED_MARKS) !== -1) notes.push("escaped");
  if (HIDDEN.test(text)) notes.push("hidden characters");
  if (words.some(mixesScripts)) notes.push("mixed scripts");
  if (LOOKALIKE_FORMS.test(text) || passesForLatin(text, words)) notes.push("look-alike letters");
  if (LOOKALIKE_SIGNS.test(text)) notes.push("look-alike signs");
  if (RIGHT_TO_LEFT.test(text)) notes.push("right-to-left letters");
  return notes;
}

/** Letters of two alphabets that look alike in one word: how `\u0430dmin` passes for `admin`. */
function mixesScripts(word: string): boolean {
  return LATIN_LOOKALIKE.test(word) && LATIN.test(word);
}

/**
 * A word that passes for a Latin one without any mixture: `\u0440\u0430\u0443` for `pay`. Short words of those languages are such words as well: in a text
 * that has others of its alphabet, and no Latin ones, they are no disguise.
 */
function passesForLatin(text: string, words: readonly string[]): boolean {
  const foreign = words.filter((word) => LATIN_LOOKALIKE.test(word));
  const twins = foreign.filter((word) => LATIN_TWINS.test(word));
  if (twins.length === foreign.length) return twins.length > 0;
  return twins.some((word) => word.length > 1) && LATIN.test(text);
}

function escapeUnshowable(text: string): string {
  return text
    .replaceAll(PILED_MARKS, escapeCharacter)
    .replaceAll(SPACES_TOO_MANY, (_run, some: string, others: string) => some + escapeCharacter(" ").repeat(others.length))
    .replaceAll(UNSHOWABLE_ALL, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return SHORT_ESCAPES[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
