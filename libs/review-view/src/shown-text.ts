import { quoted, visible, type TextNote, type VisibleText } from "./visible-text.ts";

/** Hashes a text's UTF-8 bytes to lower-case hex SHA-256. Passed in: the domain does no cryptography. */
export type TextHash = (text: string) => string;

/** A text as a channel may print it: all of it, or head and tail with what is needed to recognise the rest. Never cut without saying so. */
export type ShownText = {
  /** Harmless on one line. */
  readonly text: string;
  /** Present when the text was too long: `text` is then its head only. */
  readonly cut?: {
    readonly tail: string;
    /** Unicode characters of the whole text. */
    readonly characters: number;
    /** Of the whole text's UTF-8 bytes. */
    readonly sha256: string;
  };
  readonly notes: readonly TextNote[];
};

/** How many characters of one text are shown, and how its hash is made. */
export type TextLimit = { readonly characters: number; readonly sha256: TextHash };

/** Prose or an identifier. */
export function showText(text: string, limit: TextLimit): ShownText {
  return show(text, limit, visible);
}

/** A string value, in quotes: `"10"` is not `10`. */
export function showString(text: string, limit: TextLimit): ShownText {
  return show(text, limit, quoted);
}

function show(text: string, limit: TextLimit, render: (text: string) => VisibleText): ShownText {
  // No text has more characters than UTF-16 units.
  if (text.length <= limit.characters) return render(text);
  const characters = Array.from(text);
  if (characters.length <= limit.characters) return render(text);
  const tailLength = Math.floor(limit.characters / 3);
  // One rendering decides about escapes for both parts: a head that needs none must not read differently from its tail.
  const whole = render(text);
  const escape = whole.notes.includes("escaped");
  const part = (from: number, to: number): string => renderPart(characters.slice(from, to).join(""), escape, render);
  return {
    text: part(0, limit.characters - tailLength),
    cut: { tail: part(characters.length - tailLength, characters.length), characters: characters.length, sha256: limit.sha256(text) },
    notes: whole.notes,
  };
}

function renderPart(text: string, escape: boolean, render: (text: string) => VisibleText): string {
  const shown = render(text);
  return escape && !shown.notes.includes("escaped") ? text.replaceAll("\\", "\\\\") : shown.text;
}
