import { TlogError } from "./error.ts";

/**
 * UTF-8 text that has no control characters but newline, as a signed note must be. Lossless: encoding it gives the same bytes. Throws `too_large` or
 * `text_malformed`.
 */
export function parseText(bytes: Uint8Array, what: string, maxBytes = MAX_TEXT_BYTES): string {
  if (bytes.length > maxBytes) throw new TlogError("too_large", `${what} has ${bytes.length} bytes, more than ${maxBytes}`);
  let text: string;
  try {
    // ignoreBOM keeps a byte order mark, which is part of what was signed.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new TlogError("text_malformed", `${what} is not UTF-8`, { cause });
  }
  return checkText(text, what);
}

/** The text, if it is one that `parseText` could have returned. Throws `text_malformed`. */
export function checkText(text: string, what: string): string {
  if (!isText(text)) throw new TlogError("text_malformed", `${what} holds a control character or half of a surrogate pair`);
  return text;
}

export const isText = (text: string): boolean => text.isWellFormed() && !CONTROL.test(text);

export const formatText = (text: string): Buffer => Buffer.from(text, "utf8");

/** Splits text whose every line ends in a newline into its lines. Undefined if the last one does not. */
export function splitLines(text: string): string[] | undefined {
  const lines = text.split("\n");
  return lines.pop() === "" ? lines : undefined;
}

/** Larger than any note with a hundred post-quantum signatures. */
export const MAX_TEXT_BYTES = 1_000_000;

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;
